"""Reviews over HTTP: by buyers, once, hidden by staff."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.contracts.orders import Orders
from bodega.kernel.ids import CheckoutId, CommandId
from tests.commerce.people import customer, fresh_key, place_order, product, staff, user_id

GOOD = {"rating": 5, "title": "Good", "body": "A good mug."}
Headers = dict[str, str]


@pytest.fixture
async def clerk(client: httpx.AsyncClient, settings: Settings) -> Headers:
    return await staff(client, settings)


@pytest.fixture
async def mug(client: httpx.AsyncClient, clerk: Headers) -> dict[str, Any]:
    return await product(client, clerk)


async def buyer(client: httpx.AsyncClient, context: Context, made: dict[str, Any]) -> Headers:
    who = await customer(client)
    await place_order(context, made, customer_id=UUID(await user_id(client, who)))
    return who


async def post(
    client: httpx.AsyncClient, made: dict[str, Any], who: Headers, body: Any = GOOD
) -> httpx.Response:
    at = f"/api/v1/products/{made['id']}/reviews"
    return await client.post(at, json=body, headers=who | fresh_key())


async def test_a_buyer_reviews_and_everybody_reads(
    client: httpx.AsyncClient, context: Context, mug: dict[str, Any]
) -> None:
    answer = await post(client, mug, await buyer(client, context, mug))
    assert answer.status_code == 201, answer.text
    at = f"/api/v1/products/{mug['id']}/reviews"
    seen = (await client.get(at)).json()["items"]
    assert [(item["rating"], item["body"]) for item in seen] == [(5, "A good mug.")]
    assert "customer_id" not in seen[0]
    assert (await client.get(f"{at}/summary")).json() == {"count": 1, "average": 5.0}
    async with context.database.reading() as connection:
        query = text("SELECT payload FROM backbone.outbox WHERE type = 'reviews.review_posted'")
        payload: Any = (await connection.execute(query)).scalar_one()
    assert payload == {"review_id": answer.json()["id"], "product_id": mug["id"], "rating": 5}


async def test_only_buyers_review(
    client: httpx.AsyncClient, context: Context, mug: dict[str, Any], clerk: Headers
) -> None:
    other = await product(client, clerk)
    assert (await post(client, mug, {})).status_code == 401
    for who in (await customer(client), clerk, await buyer(client, context, other)):
        answer = await post(client, mug, who)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_bought")


async def test_a_cancelled_order_is_no_purchase(
    client: httpx.AsyncClient, context: Context, mug: dict[str, Any]
) -> None:
    who, checkout_id = await customer(client), CheckoutId(uuid4())
    buyer_id = UUID(await user_id(client, who))
    await place_order(context, mug, customer_id=buyer_id, checkout_id=checkout_id)
    await context.container.get(Orders).cancel(
        command_id=CommandId(uuid4()), checkout_id=checkout_id, reason="test"
    )
    assert (await post(client, mug, who)).status_code == 403


async def test_once_a_product(
    client: httpx.AsyncClient, context: Context, mug: dict[str, Any]
) -> None:
    who = await buyer(client, context, mug)
    assert (await post(client, mug, who)).status_code == 201
    again = await post(client, mug, who, GOOD | {"rating": 1})
    assert (again.status_code, again.json()["code"]) == (409, "reviewed_before")


async def test_a_product_that_is_not_there_is_not_reviewed(
    client: httpx.AsyncClient, context: Context, mug: dict[str, Any]
) -> None:
    who = await buyer(client, context, mug)
    assert (await post(client, {"id": uuid4()}, who)).status_code == 404


WRONG: list[Any] = [
    {},
    {"rating": 0},
    {"rating": 6},
    {"rating": "5"},
    {"rating": 4.5},
    {"rating": True},
    {"rating": 5, "title": "x" * 121},
    {"rating": 5, "body": "x" * 5001},
    {"rating": 5, "body": None},
    {"rating": 5, "status": "published"},
    [],
]


async def test_bad_reviews_are_refused(
    client: httpx.AsyncClient, context: Context, mug: dict[str, Any]
) -> None:
    who = await buyer(client, context, mug)
    for body in WRONG:
        assert (await post(client, mug, who, body)).status_code == 422, body


async def test_disguises_are_taken_off(
    client: httpx.AsyncClient, context: Context, mug: dict[str, Any]
) -> None:
    who = await buyer(client, context, mug)
    body = {"rating": 3, "title": "\u202eevil\x00", "body": "<script>alert(1)</script>"}
    answer = await post(client, mug, who, body)
    assert answer.json()["title"] == "evil"
    assert answer.json()["body"] == "<script>alert(1)</script>", "kept as text, shown as text"


async def test_staff_hide_and_show(
    client: httpx.AsyncClient, context: Context, mug: dict[str, Any], clerk: Headers
) -> None:
    who = await buyer(client, context, mug)
    review = (await post(client, mug, who)).json()
    at, listed = f"/api/v1/admin/reviews/{review['id']}", f"/api/v1/products/{mug['id']}/reviews"
    for stranger, status in (({}, 401), (who, 403)):
        answer = await client.patch(at, json={"status": "hidden"}, headers=stranger)
        assert answer.status_code == status
    await client.patch(at, json={"status": "hidden"}, headers=clerk)
    assert (await client.get(listed)).json()["items"] == []
    summary = {"count": 0, "average": None}
    assert (await client.get(f"{listed}/summary")).json() == summary
    assert (await post(client, mug, who)).status_code == 409
    await client.patch(at, json={"status": "published"}, headers=clerk)
    assert len((await client.get(listed)).json()["items"]) == 1
    unknown = f"/api/v1/admin/reviews/{uuid4()}"
    missing = await client.patch(unknown, json={"status": "hidden"}, headers=clerk)
    assert (missing.status_code, missing.json()["code"]) == (404, "review_not_found")


async def test_reviews_come_in_pages_newest_first_and_are_averaged(
    client: httpx.AsyncClient, context: Context, mug: dict[str, Any]
) -> None:
    for rating in (5, 4, 4):
        await post(client, mug, await buyer(client, context, mug), {"rating": rating})
    at = f"/api/v1/products/{mug['id']}/reviews"
    first = (await client.get(at, params={"limit": 2})).json()
    rest = (await client.get(at, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [item["rating"] for item in first["items"] + rest["items"]] == [4, 4, 5]
    assert rest["next_cursor"] is None
    assert (await client.get(f"{at}/summary")).json() == {"count": 3, "average": 4.3}

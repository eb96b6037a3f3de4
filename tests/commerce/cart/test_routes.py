"""Carts over HTTP: prices of today, owners, versions."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from tests.commerce.people import customer, fresh_key, product, put_in_stock, staff

CARTS = "/api/v1/carts"
Headers = dict[str, str]


@pytest.fixture
async def clerk(client: httpx.AsyncClient, settings: Settings) -> Headers:
    return await staff(client, settings)


@pytest.fixture
async def mug(client: httpx.AsyncClient, clerk: Headers, context: Context) -> dict[str, Any]:
    made = await product(client, clerk)
    await put_in_stock(context, made["variants"][0]["id"], 10)
    return made


def at(cart: dict[str, Any], made: dict[str, Any]) -> str:
    return f"{CARTS}/{cart['id']}/lines/{made['variants'][0]['id']}"


async def opened(client: httpx.AsyncClient, who: Headers | None = None) -> dict[str, Any]:
    answer = await client.post(CARTS, headers=(who or {}) | fresh_key())
    assert answer.status_code == 201, answer.text
    cart: dict[str, Any] = answer.json()
    return cart


async def test_a_guest_fills_a_cart(client: httpx.AsyncClient, mug: dict[str, Any]) -> None:
    cart = await opened(client)
    assert (cart["lines"], cart["total"]) == ([], {"amount": 0, "currency": "GBP"})
    answer = await client.put(at(cart, mug), json={"quantity": 3})
    assert answer.status_code == 200, answer.text
    seen = (await client.get(f"{CARTS}/{cart['id']}")).json()
    assert seen == answer.json()
    assert seen["total"] == {"amount": 3 * 599, "currency": "GBP"}
    assert (seen["units"], seen["lines"][0]["available"]) == (3, True)


async def test_the_same_key_opens_one_cart(client: httpx.AsyncClient) -> None:
    key = fresh_key()
    first, second = [await client.post(CARTS, headers=key) for _ in range(2)]
    assert first.json()["id"] == second.json()["id"]
    assert (await client.post(CARTS)).json()["code"] == "idempotency_key_missing"


async def test_setting_a_line_replaces_it_and_zero_removes_it(
    client: httpx.AsyncClient, mug: dict[str, Any]
) -> None:
    cart = await opened(client)
    for quantity in (3, 2, 2):
        answer = await client.put(at(cart, mug), json={"quantity": quantity})
        assert answer.json()["units"] == quantity
    assert (await client.put(at(cart, mug), json={"quantity": 0})).json()["lines"] == []
    await client.put(at(cart, mug), json={"quantity": 1})
    assert (await client.delete(at(cart, mug))).json()["lines"] == []
    assert (await client.delete(at(cart, mug))).status_code == 200


async def test_what_is_no_longer_for_sale_shows_as_unavailable(
    client: httpx.AsyncClient, mug: dict[str, Any], clerk: Headers
) -> None:
    cart = await opened(client)
    await client.put(at(cart, mug), json={"quantity": 1})
    archived = {"status": "archived"}
    await client.patch(f"/api/v1/admin/products/{mug['id']}", json=archived, headers=clerk)
    seen = (await client.get(f"{CARTS}/{cart['id']}")).json()
    assert seen["lines"][0]["available"] is False
    refused = await client.put(at(cart, mug), json={"quantity": 2})
    assert refused.json()["code"] == "not_for_sale"
    assert (await client.put(at(cart, mug), json={"quantity": 0})).json()["lines"] == []


async def test_more_than_there_is_shows_as_unavailable(
    client: httpx.AsyncClient, mug: dict[str, Any]
) -> None:
    cart = await opened(client)
    answer = await client.put(at(cart, mug), json={"quantity": 11})
    assert answer.json()["lines"][0]["available"] is False


async def test_a_version_guards_against_lost_changes(
    client: httpx.AsyncClient, mug: dict[str, Any]
) -> None:
    cart = await opened(client)
    read = (await client.get(f"{CARTS}/{cart['id']}")).headers["etag"]
    first = await client.put(at(cart, mug), json={"quantity": 1}, headers={"if-match": read})
    assert first.status_code == 200
    assert first.headers["etag"] != read
    late = await client.put(at(cart, mug), json={"quantity": 9}, headers={"if-match": read})
    assert (late.status_code, late.json()["code"]) == (412, "cart_moved")
    gone = await client.delete(at(cart, mug), headers={"if-match": read})
    assert gone.status_code == 412
    assert (await client.get(f"{CARTS}/{cart['id']}")).json()["units"] == 1


async def test_a_customer_has_one_open_cart_that_nobody_else_sees(
    client: httpx.AsyncClient, mug: dict[str, Any], clerk: Headers
) -> None:
    maria, otto = await customer(client), await customer(client)
    cart = await opened(client, maria)
    assert (await opened(client, maria))["id"] == cart["id"]
    assert (await opened(client, otto))["id"] != cart["id"]
    for stranger in (otto, clerk, {}):
        answers = [
            await client.get(f"{CARTS}/{cart['id']}", headers=stranger),
            await client.put(at(cart, mug), json={"quantity": 1}, headers=stranger),
            await client.delete(at(cart, mug), headers=stranger),
        ]
        assert [answer.status_code for answer in answers] == [404, 404, 404]
        unknown = await client.get(f"{CARTS}/{uuid4()}", headers=stranger)
        assert answers[0].json() | {"request_id": ""} == unknown.json() | {"request_id": ""}
    assert (await client.get(f"{CARTS}/{cart['id']}", headers=maria)).status_code == 200


async def test_currencies_are_not_mixed(
    client: httpx.AsyncClient, mug: dict[str, Any], clerk: Headers
) -> None:
    euros = await product(client, clerk, currency="EUR")
    cart = await opened(client)
    await client.put(at(cart, mug), json={"quantity": 1})
    answer = await client.put(at(cart, euros), json={"quantity": 1})
    assert (answer.status_code, answer.json()["code"]) == (400, "currency_mixed")
    alone = await opened(client)
    answer = await client.put(at(alone, euros), json={"quantity": 1})
    assert answer.json()["currency"] == "EUR"


async def test_a_quantity_is_a_small_whole_number(
    client: httpx.AsyncClient, mug: dict[str, Any]
) -> None:
    cart = await opened(client)
    for quantity in (-1, 10_001, 1.5, "2", None, True, 10**30, [1]):
        answer = await client.put(at(cart, mug), json={"quantity": quantity})
        assert answer.status_code == 422, (quantity, answer.text)


async def test_units_of_one_variant_are_limited(
    client: httpx.AsyncClient, mug: dict[str, Any], settings: Settings
) -> None:
    cart = await opened(client)
    most = settings.cart_max_units
    assert (await client.put(at(cart, mug), json={"quantity": most})).status_code == 200
    answer = await client.put(at(cart, mug), json={"quantity": most + 1})
    assert (answer.status_code, answer.json()["code"]) == (400, "too_many_units")


async def test_what_does_not_exist_is_said_to_not_exist(
    client: httpx.AsyncClient, mug: dict[str, Any]
) -> None:
    cart = await opened(client)
    unknown = await client.put(f"{CARTS}/{cart['id']}/lines/{uuid4()}", json={"quantity": 1})
    assert (unknown.status_code, unknown.json()["code"]) == (400, "not_for_sale")
    nowhere = await client.put(at({"id": uuid4()}, mug), json={"quantity": 1})
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "cart_not_found")
    for garbage in ("1", "x" * 500, "..%2f..%2fetc"):
        assert (await client.get(f"{CARTS}/{garbage}")).status_code in (404, 422)

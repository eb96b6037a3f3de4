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
ANY = {"if-match": "*"}


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
        answer = await client.put(at(cart, mug), json={"quantity": quantity}, headers=ANY)
        assert answer.json()["units"] == quantity
    gone = await client.put(at(cart, mug), json={"quantity": 0}, headers=ANY)
    assert gone.json()["lines"] == []
    await client.put(at(cart, mug), json={"quantity": 1})
    assert (await client.delete(at(cart, mug), headers=ANY)).json()["lines"] == []
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
    refused = await client.put(at(cart, mug), json={"quantity": 2}, headers=ANY)
    assert refused.json()["code"] == "not_for_sale"
    assert (await client.delete(at(cart, mug), headers=ANY)).json()["lines"] == []


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


async def test_overwriting_without_a_version_is_refused(
    client: httpx.AsyncClient, mug: dict[str, Any]
) -> None:
    cart = await opened(client)
    root = f"{CARTS}/{cart['id']}"
    await client.put(at(cart, mug), json={"quantity": 1})
    await client.put(f"{root}/note", json={"note": "Ring twice"})
    blind = [
        await client.put(at(cart, mug), json={"quantity": 2}),
        await client.delete(at(cart, mug)),
        await client.put(f"{at(cart, mug)}/saved", json={"saved": True}),
        await client.put(f"{root}/note", json={"note": ""}),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in blind} == {
        (428, "if_match_missing")
    }
    seen = await client.get(root)
    assert (seen.json()["units"], seen.json()["note"]) == (1, "Ring twice")
    told = {"if-match": seen.headers["etag"]}
    answer = await client.put(at(cart, mug), json={"quantity": 2}, headers=told)
    assert (answer.status_code, answer.json()["units"]) == (200, 2)


async def test_two_tabs_that_add_lose_nothing(
    client: httpx.AsyncClient, mug: dict[str, Any]
) -> None:
    cart = await opened(client)
    body = {"variant_id": mug["variants"][0]["id"], "quantity": 2}
    for _ in range(2):
        answer = await client.post(f"{CARTS}/{cart['id']}/lines", json=body, headers=fresh_key())
        assert answer.status_code == 201, answer.text
    assert answer.json()["units"] == 4
    key = fresh_key()
    for _ in range(2):
        answer = await client.post(f"{CARTS}/{cart['id']}/lines", json=body, headers=key)
    assert answer.json()["units"] == 6


async def test_a_price_that_moves_is_shown_until_it_is_acknowledged(
    client: httpx.AsyncClient, mug: dict[str, Any], clerk: Headers
) -> None:
    cart = await opened(client)
    await client.put(at(cart, mug), json={"quantity": 2})
    variant = f"/api/v1/admin/products/{mug['id']}/variants/{mug['variants'][0]['id']}"
    price = {"price": {"amount": 650, "currency": "GBP"}}
    assert (await client.patch(variant, json=price, headers=clerk)).status_code == 200
    for _ in range(2):
        seen = (await client.get(f"{CARTS}/{cart['id']}")).json()
        assert seen["lines"][0]["notices"] == [
            {
                "kind": "price_raised",
                "was": {"amount": 599, "currency": "GBP"},
                "now": {"amount": 650, "currency": "GBP"},
                "left": None,
            }
        ]
        assert seen["total"]["amount"] == 1300
    root = f"{CARTS}/{cart['id']}"
    answer = await client.post(f"{root}/acknowledgements", headers=fresh_key())
    assert (answer.status_code, answer.json()["lines"][0]["notices"]) == (201, [])
    assert (await client.get(root)).json()["lines"][0]["notices"] == []


async def test_what_is_left_is_told(client: httpx.AsyncClient, mug: dict[str, Any]) -> None:
    cart = await opened(client)
    answer = await client.put(at(cart, mug), json={"quantity": 11})
    [notice] = answer.json()["lines"][0]["notices"]
    assert (notice["kind"], notice["left"]) == ("not_enough", 10)
    assert answer.json()["problems"] == ["lines_unavailable"]


async def test_a_line_is_put_aside_and_comes_back(
    client: httpx.AsyncClient, mug: dict[str, Any]
) -> None:
    cart = await opened(client)
    await client.put(at(cart, mug), json={"quantity": 3})
    address = f"{at(cart, mug)}/saved"
    aside = (await client.put(address, json={"saved": True}, headers=ANY)).json()
    assert (aside["lines"], aside["units"], aside["saved"][0]["quantity"]) == ([], 0, 3)
    back = (await client.put(address, json={"saved": False}, headers=ANY)).json()
    assert (back["units"], back["saved"]) == (3, [])
    nowhere = await client.put(f"{CARTS}/{cart['id']}/lines/{uuid4()}/saved", json={"saved": True})
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "line_not_found")


async def test_a_note_is_kept_and_is_not_too_long(client: httpx.AsyncClient) -> None:
    cart = await opened(client)
    address = f"{CARTS}/{cart['id']}/note"
    answer = await client.put(address, json={"note": "  Ring twice  "})
    assert answer.json()["note"] == "Ring twice"
    assert (await client.put(address, json={"note": "x" * 501})).status_code == 422
    assert (await client.put(address, json={"note": ""}, headers=ANY)).json()["note"] == ""


async def test_signing_in_takes_a_guests_cart_along(
    client: httpx.AsyncClient, mug: dict[str, Any]
) -> None:
    cart, maria = await opened(client), await customer(client)
    await client.put(at(cart, mug), json={"quantity": 2})
    claims = f"{CARTS}/{cart['id']}/claims"
    assert (await client.post(claims, headers=fresh_key())).status_code == 401
    mine = await client.post(claims, headers=maria | fresh_key())
    assert (mine.status_code, mine.json()["units"]) == (201, 2)
    assert (await client.get(f"{CARTS}/{cart['id']}")).status_code == 404
    assert (await opened(client, maria))["id"] == cart["id"]


SOLD: list[tuple[dict[str, Any], int]] = [
    ({"max_quantity": 5}, 5),
    ({"purchase_limit": {"units": 6}}, 6),
    ({"min_quantity": 2, "quantity_step": 2, "max_quantity": 7}, 6),
    ({"min_quantity": 4, "quantity_step": 3}, 7),
]


async def test_carts_come_together_in_quantities_that_can_be_bought(
    client: httpx.AsyncClient, clerk: Headers
) -> None:
    maria = await customer(client)
    old, new = await opened(client, maria), await opened(client)
    wanted = {}
    for rules, units in SOLD:
        variant = {"sku": uuid4().hex[:12], "price": {"amount": 599, "currency": "GBP"}, **rules}
        sold = await product(client, clerk, variants=[variant])
        wanted[sold["variants"][0]["id"]] = units
        for cart, headers in ((old, maria), (new, {})):
            put = await client.put(at(cart, sold), json={"quantity": 4}, headers=headers)
            assert put.status_code == 200, put.text
    mine = await client.post(f"{CARTS}/{new['id']}/claims", headers=maria | fresh_key())
    assert {line["variant_id"]: line["quantity"] for line in mine.json()["lines"]} == wanted


async def test_all_units_together_are_limited(
    client: httpx.AsyncClient, clerk: Headers, settings: Settings
) -> None:
    cart = await opened(client)
    most, each = settings.cart_max_total_units, settings.cart_max_units
    for _ in range(most // each):
        answer = await client.put(at(cart, await product(client, clerk)), json={"quantity": each})
        assert answer.status_code == 200
    answer = await client.put(at(cart, await product(client, clerk)), json={"quantity": 1})
    assert (answer.status_code, answer.json()["code"]) == (400, "cart_full")


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
    answer = await client.put(at(cart, mug), json={"quantity": most + 1}, headers=ANY)
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

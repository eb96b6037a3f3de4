"""Carts with promotions, codes, taxes and ways to send them, over the real pricing and shipping."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.cart.service import CartService
from bodega.contracts.pricing import Basket, Pricing, Quote
from bodega.kernel.errors import Unavailable
from tests.commerce.people import fresh_key, product, put_in_stock, staff

CARTS = "/api/v1/carts"
PROMOTIONS = "/api/v1/admin/promotions"
ANY = {"if-match": "*"}
Headers = dict[str, str]


@pytest.fixture
async def clerk(client: httpx.AsyncClient, settings: Settings) -> Headers:
    return await staff(client, settings)


@pytest.fixture
async def root(client: httpx.AsyncClient, clerk: Headers, context: Context) -> str:
    """The address of a guest's cart with two mugs at 9.99."""
    mug = await product(client, clerk, price=999)
    variant_id = mug["variants"][0]["id"]
    await put_in_stock(context, variant_id, 50)
    cart = (await client.post(CARTS, headers=fresh_key())).json()
    address = f"{CARTS}/{cart['id']}"
    answer = await client.put(f"{address}/lines/{variant_id}", json={"quantity": 2})
    assert answer.status_code == 200, answer.text
    return address


async def promotion(client: httpx.AsyncClient, clerk: Headers, *codes: str, **values: Any) -> str:
    body = {"title": "Spring sale", "kind": "percentage", "percent": "10"} | values
    made = await client.post(PROMOTIONS, json=body, headers=clerk | fresh_key())
    assert made.status_code == 201, made.text
    found: str = made.json()["id"]
    if codes:
        address = f"{PROMOTIONS}/{found}/coupons"
        answer = await client.post(
            address, json={"codes": list(codes)}, headers=clerk | fresh_key()
        )
        assert answer.status_code == 201, answer.text
    return found


def adds_up(quote: dict[str, Any]) -> bool:
    parts = {name: quote[name]["amount"] for name in ("subtotal", "discount", "tax", "total")}
    sent = quote["shipping"]["amount"] if quote["shipping"] else 0
    tax = 0 if quote["tax_included"] else parts["tax"]
    return bool(parts["subtotal"] - parts["discount"] + sent + tax == parts["total"])


async def test_a_cart_says_what_it_costs_with_tax_and_delivery(
    client: httpx.AsyncClient, root: str
) -> None:
    cart = (await client.get(root)).json()
    quote = cart["quote"]
    assert (cart["total"]["amount"], quote["subtotal"]["amount"]) == (1998, 1998)
    assert quote["country"] == "GB"
    assert quote["tax_included"]
    assert quote["tax"]["amount"] > 0
    assert quote["shipping"] == quote["shipping_options"][0]["price"]
    assert quote["shipping_method_id"] == quote["shipping_options"][0]["method_id"]
    assert adds_up(quote)


async def test_a_promotion_takes_its_part_off_the_lines(
    client: httpx.AsyncClient, clerk: Headers, root: str
) -> None:
    await promotion(client, clerk, automatic=True)
    cart = (await client.get(root)).json()
    assert cart["lines"][0]["discount"]["amount"] == 200
    assert cart["quote"]["discount"]["amount"] == 200
    [applied] = cart["quote"]["promotions"]
    assert (applied["title"], applied["coupon"]) == ("Spring sale", None)
    assert adds_up(cart["quote"])


async def test_a_code_is_used_as_it_is_typed_and_taken_out(
    client: httpx.AsyncClient, clerk: Headers, root: str
) -> None:
    await promotion(client, clerk, "SPRING10")
    assert (await client.get(root)).json()["quote"]["discount"]["amount"] == 0
    cart = (await client.put(f"{root}/coupons/spring10")).json()
    assert (cart["coupons"], cart["quote"]["discount"]["amount"]) == (["SPRING10"], 200)
    assert cart["quote"]["coupons"] == [{"code": "SPRING10", "refusal": None}]
    blind = await client.delete(f"{root}/coupons/SPRING10")
    assert (blind.status_code, blind.json()["code"]) == (428, "if_match_missing")
    cart = (await client.delete(f"{root}/coupons/spring10", headers=ANY)).json()
    assert (cart["coupons"], cart["quote"]["discount"]["amount"]) == ([], 0)


async def test_a_code_that_does_not_apply_yet_stays_with_its_reason(
    client: httpx.AsyncClient, clerk: Headers, root: str
) -> None:
    await promotion(client, clerk, "BIG", min_subtotal_amount=5000)
    cart = (await client.put(f"{root}/coupons/BIG")).json()
    assert cart["quote"]["coupons"] == [{"code": "BIG", "refusal": "not_applicable"}]
    line = f"{root}/lines/{cart['lines'][0]['variant_id']}"
    cart = (await client.put(line, json={"quantity": 6}, headers=ANY)).json()
    assert cart["quote"]["coupons"] == [{"code": "BIG", "refusal": None}]
    assert cart["quote"]["discount"]["amount"] == 599


@pytest.mark.parametrize(
    ("code", "ends_at", "refusal"),
    [
        ("NOSUCHCODE", None, "unknown"),
        ("LATE", "2020-01-02T00:00:00Z", "expired"),
    ],
)
async def test_a_code_that_can_never_apply_is_refused(
    *,
    client: httpx.AsyncClient,
    clerk: Headers,
    root: str,
    code: str,
    ends_at: str | None,
    refusal: str,
) -> None:
    if ends_at:
        await promotion(client, clerk, code, starts_at="2020-01-01T00:00:00Z", ends_at=ends_at)
    answer = await client.put(f"{root}/coupons/{code}")
    assert (answer.status_code, answer.json()["code"]) == (400, "coupon_refused")
    assert answer.json()["refusal"] == refusal
    assert (await client.get(root)).json()["coupons"] == []


@pytest.mark.parametrize("code", ["%20", "a", "not a code", "x" * 60, "<b>", "%00"])
async def test_what_is_no_code_is_refused(client: httpx.AsyncClient, root: str, code: str) -> None:
    answer = await client.put(f"{root}/coupons/{code}")
    assert (answer.status_code, answer.json()["code"]) == (400, "coupon_refused")


async def test_a_cart_holds_five_codes(
    client: httpx.AsyncClient, clerk: Headers, root: str
) -> None:
    codes = [f"CODE{number}" for number in range(6)]
    await promotion(client, clerk, *codes)
    for code in codes[:5]:
        assert (await client.put(f"{root}/coupons/{code}")).status_code == 200
    answer = await client.put(f"{root}/coupons/{codes[5]}")
    assert (answer.status_code, answer.json()["code"]) == (400, "too_many_coupons")


async def test_a_quote_is_for_an_address_and_a_way_to_send(
    client: httpx.AsyncClient, root: str
) -> None:
    there = (await client.get(f"{root}/quote", params={"country": "DE"})).json()
    assert there["country"] == "DE"
    dearest = there["shipping_options"][-1]
    asked = {"country": "DE", "shipping_method_id": dearest["method_id"]}
    chosen = (await client.get(f"{root}/quote", params=asked)).json()
    assert chosen["shipping"] == dearest["price"]
    assert chosen["shipping_method_id"] == dearest["method_id"]
    assert adds_up(there)
    assert adds_up(chosen)
    unknown = asked | {"shipping_method_id": str(uuid4())}
    cheapest = (await client.get(f"{root}/quote", params=unknown)).json()
    assert cheapest["shipping_method_id"] == there["shipping_options"][0]["method_id"]
    assert (await client.get(f"{root}/quote?country=Narnia")).status_code == 422
    assert (await client.get(f"{CARTS}/{uuid4()}/quote")).status_code == 404
    empty = (await client.post(CARTS, headers=fresh_key())).json()
    assert (await client.get(f"{CARTS}/{empty['id']}/quote")).json() is None


async def test_what_is_put_aside_is_not_quoted(client: httpx.AsyncClient, root: str) -> None:
    cart = (await client.get(root)).json()
    line = f"{root}/lines/{cart['lines'][0]['variant_id']}"
    aside = (await client.put(f"{line}/saved", json={"saved": True}, headers=ANY)).json()
    assert aside["quote"] is None
    assert (await client.get(f"{root}/quote")).json() is None


async def test_a_cart_is_shown_while_prices_cannot_be_asked(
    client: httpx.AsyncClient, root: str, context: Context
) -> None:
    class Away:
        async def quote(self, basket: Basket) -> Quote:
            raise Unavailable

    context.container.bind(Pricing, Away())
    cart = (await client.get(root)).json()
    shown = await CartService(context).cart(cart["id"], customer_id=None)
    assert shown is not None
    assert (shown.quote, shown.total.amount, shown.units) == (None, 1998, 2)


async def test_a_variant_is_sold_in_its_own_quantities(
    client: httpx.AsyncClient, clerk: Headers, context: Context
) -> None:
    glasses = await product(
        client,
        clerk,
        variants=[
            {
                "sku": uuid4().hex[:12],
                "price": {"amount": 450, "currency": "GBP"},
                "min_quantity": 6,
                "quantity_step": 6,
                "max_quantity": 24,
            }
        ],
    )
    variant_id = glasses["variants"][0]["id"]
    cart = (await client.post(CARTS, headers=fresh_key())).json()
    line = f"{CARTS}/{cart['id']}/lines/{variant_id}"
    for quantity, code in ((1, "wrong_quantity"), (7, "wrong_quantity"), (30, "too_many_units")):
        answer = await client.put(line, json={"quantity": quantity})
        assert (answer.status_code, answer.json()["code"]) == (400, code)
    shown = (await client.put(line, json={"quantity": 12})).json()["lines"][0]
    assert (shown["min_quantity"], shown["quantity_step"], shown["max_quantity"]) == (6, 6, 24)


async def wrong_codes(client: httpx.AsyncClient, root: str, *, tries: int) -> list[int]:
    return [
        (await client.put(f"{root}/coupons/WRONG{number}")).status_code for number in range(tries)
    ]


async def new_root(client: httpx.AsyncClient) -> str:
    return f"{CARTS}/{(await client.post(CARTS, headers=fresh_key())).json()['id']}"


async def test_nobody_walks_through_all_codes(client: httpx.AsyncClient) -> None:
    """By cart, and by address over however many carts."""
    root = await new_root(client)
    assert await wrong_codes(client, root, tries=11) == [400] * 10 + [429]
    refused = await client.put(f"{root}/coupons/WRONG")
    assert refused.json()["code"] == "too_many_coupon_tries"
    assert 0 < int(refused.headers["retry-after"]) <= 900
    assert refused.json()["retry_after"] == int(refused.headers["retry-after"])
    answers = [await wrong_codes(client, await new_root(client), tries=10) for _ in range(4)]
    assert [answer[-1] for answer in answers] == [400, 400, 400, 429]


async def test_right_codes_are_not_counted(
    client: httpx.AsyncClient, clerk: Headers, root: str
) -> None:
    await promotion(client, clerk, "SPRING10")
    for _ in range(12):
        assert (await client.put(f"{root}/coupons/SPRING10")).status_code == 200
    assert await wrong_codes(client, root, tries=11) == [400] * 10 + [429]

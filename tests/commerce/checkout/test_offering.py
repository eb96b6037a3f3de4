"""What a checkout charges: goods, promotions, taxes and shipping, exact to the line."""

from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from bodega.backbone.module import Context
from bodega.commerce.checkout.errors import TotalChanged
from bodega.contracts.orders import Orders, OrderView
from bodega.contracts.shipping import Parcel, Shipping
from bodega.kernel.address import Address
from bodega.kernel.ids import CheckoutId, ShippingMethodId, new_id
from bodega.kernel.money import Money, total
from tests.commerce.checkout.crashes import Killed
from tests.commerce.checkout.shops import Shop
from tests.commerce.checkout.test_routes import body, buy
from tests.kit.doors import Doors, key
from tests.kit.goods import filled_cart, purchase, stocked
from tests.kit.provider import RunningProvider

GOODS = 599
STANDARD = 490
LOS_ANGELES = Address(
    name="Ada Buyer", line1="1 Main Street", city="Los Angeles", country="US", region="CA"
)


@pytest.fixture
async def shop(context: Context, provider: RunningProvider) -> Shop:
    return await Shop(context, provider).open()


@pytest.fixture
async def staff(doors: Doors) -> httpx.AsyncClient:
    return await doors.staff(await doors.admin())


async def made(staff: httpx.AsyncClient, path: str, sent: Any) -> Any:
    answer = await staff.post(f"/api/v1/admin{path}", json=sent, headers=key())
    assert answer.status_code == 201, answer.text
    return answer.json()


async def once_only_coupon(staff: httpx.AsyncClient) -> str:
    """Ten per cent off, for one order in all."""
    half = {"title": "Welcome", "kind": "percentage", "percent": 10, "total_limit": 1}
    promotion = await made(staff, "/promotions", half)
    code = f"HELLO-{uuid4().hex[:6].upper()}"
    await made(staff, f"/promotions/{promotion['id']}/coupons", {"codes": [code]})
    return code


async def placed(shop: Shop) -> OrderView:
    order = await shop.context.container.get(Orders).by_checkout(shop.checkout)
    assert order is not None
    assert order.total == total([line.total for line in order.lines], order.total.currency)
    return order


async def test_the_cheapest_way_is_charged_as_a_line_of_its_own(shop: Shop) -> None:
    view = await shop.submit()
    assert view.total.amount == GOODS + STANDARD
    [goods, sending] = (await placed(shop)).lines
    assert (goods.total.amount, goods.discount) == (GOODS, None)
    assert goods.tax is not None
    assert goods.tax.amount == 100  # a sixth of 5.99: 20 % VAT lies in the price
    assert (sending.kind, sending.title, sending.total.amount) == ("shipping", "Standard", STANDARD)


async def test_a_large_cart_is_sent_for_nothing(
    context: Context, provider: RunningProvider
) -> None:
    shop = await Shop(context, provider).open()
    dear = await stocked(context, 1, price=Money(amount=5_000, currency="GBP"))
    shop.cart = await filled_cart(context, dear)
    assert (await shop.submit()).total.amount == 5_000
    assert (await placed(shop)).lines[-1].total.amount == 0


async def test_the_buyer_chooses_how_it_is_sent(shop: Shop) -> None:
    options = await shop.context.container.get(Shipping).options(
        Parcel(country="GB", subtotal=Money(amount=GOODS, currency="GBP"), units=1)
    )
    express = options[-1]
    asked = purchase(shop.cart, shipping_method_id=express.method_id)
    assert (await shop.submit(asked)).total.amount == GOODS + express.price.amount
    assert (await placed(shop)).lines[-1].title == express.name


async def test_tax_comes_on_top_where_prices_are_shown_without_it(
    shop: Shop, staff: httpx.AsyncClient
) -> None:
    answer = await staff.put(
        "/api/v1/admin/taxes/US", json={"prices_include_tax": False, "collected": True}
    )
    assert answer.status_code == 200, answer.text
    view = await shop.submit(purchase(shop.cart, shipping_address=LOS_ANGELES))
    order = await placed(shop)
    taxes = [line.tax.amount for line in order.lines if line.tax]
    assert view.total.amount == GOODS + STANDARD + sum(taxes)
    assert taxes[0] == 43  # 7.25 % of 5.99


async def test_a_zip_code_says_whose_tax_it_is_and_the_quote_is_what_is_charged(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, shop: Shop
) -> None:
    collected = {"prices_include_tax": False, "collected": True}
    await staff.put("/api/v1/admin/taxes/US", json=collected)
    albany = {"country": "US", "postal_code": "12207"}
    quote = (await client.get(f"/api/v1/carts/{shop.cart}/quote", params=albany)).json()
    assert quote["tax"]["amount"] == 24 + 20  # 4 % of 5.99 and of 4.90
    address = {"name": "Ada", "line1": "1 Main Street", "city": "Albany"} | albany
    sent = body(shop.cart, shipping_address=address, expected_total=quote["total"])
    answer = await buy(client, sent)
    assert answer.status_code == 201, answer.text
    assert answer.json()["total"] == quote["total"]


async def test_a_total_the_buyer_did_not_see_is_not_charged(shop: Shop, context: Context) -> None:
    seen = Money(amount=GOODS + STANDARD, currency="GBP")
    with psycopg.connect(context.settings.dsn) as connection:
        connection.execute("UPDATE catalog.variants SET price_amount = 650")
    asked = purchase(shop.cart, expected_total=seen)
    with pytest.raises(TotalChanged) as caught:
        await shop.submit(asked)
    now = Money(amount=650 + STANDARD, currency="GBP")
    assert caught.value.extra == {"total": now}
    again = purchase(shop.cart, expected_total=now)
    assert (await shop.submit(again, CheckoutId(new_id()))).state == "completed"


async def test_over_http_the_new_total_comes_with_the_refusal(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    answer = await buy(client, body(shop.cart, expected_total={"amount": 1, "currency": "GBP"}))
    assert (answer.status_code, answer.json()["code"]) == (409, "total_changed")
    assert answer.json()["total"] == {"amount": GOODS + STANDARD, "currency": "GBP"}


async def test_ways_that_do_not_exist_and_places_nothing_goes_to(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, shop: Shop
) -> None:
    odd = await buy(client, body(shop.cart, shipping_method_id=str(ShippingMethodId(new_id()))))
    assert (odd.status_code, odd.json()["code"]) == (409, "shipping_method_unavailable")
    await made(staff, "/shipping-zones", {"name": "Not at home", "countries": ["GB"]})
    answer = await buy(client, body(shop.cart))
    assert (answer.status_code, answer.json()["code"]) == (409, "no_shipping")


async def test_a_quantity_that_is_not_sold_is_not_ordered(
    client: httpx.AsyncClient, shop: Shop, context: Context
) -> None:
    with psycopg.connect(context.settings.dsn) as connection:
        connection.execute("UPDATE catalog.variants SET min_quantity = 2")
    answer = await buy(client, body(shop.cart))
    assert (answer.status_code, answer.json()["code"]) == (409, "cart_not_ready")


async def test_a_promotion_stands_in_the_line_it_is_for(
    shop: Shop, staff: httpx.AsyncClient
) -> None:
    await made(
        staff,
        "/promotions",
        {"title": "Spring", "kind": "percentage", "percent": 10, "automatic": True},
    )
    await shop.submit()
    [goods, _] = (await placed(shop)).lines
    assert goods.discount is not None
    assert (goods.discount.amount, goods.total.amount) == (60, 539)
    assert "redeem" not in shop.doom.calls


async def limited(shop: Shop, staff: httpx.AsyncClient) -> None:
    """An automatic promotion for one order in all."""
    await made(
        staff,
        "/promotions",
        {
            "title": "First come",
            "kind": "percentage",
            "percent": 10,
            "automatic": True,
            "total_limit": 1,
        },
    )


async def redeemed(staff: httpx.AsyncClient) -> int:
    page = await staff.get("/api/v1/admin/promotions")
    count: int = page.json()["items"][0]["redeemed"]
    return count


async def test_a_limited_promotion_is_counted_once_and_given_back(
    shop: Shop, staff: httpx.AsyncClient
) -> None:
    await limited(shop, staff)
    declined = purchase(shop.cart, token="pm_card_chargeDeclined")
    assert (await shop.submit(declined)).state == "failed"
    assert await redeemed(staff) == 0
    shop.checkout = CheckoutId(new_id())
    assert (await shop.submit()).total.amount == 539 + STANDARD
    assert await redeemed(staff) == 1


async def test_the_last_use_goes_to_one_of_two_buyers(
    shop: Shop, staff: httpx.AsyncClient, context: Context
) -> None:
    await limited(shop, staff)
    late = await Shop(context, shop.provider).open()
    late.doom.at = [1]
    with pytest.raises(Killed):
        await late.submit()
    assert (await shop.submit()).state == "completed"
    view = await late.restart()
    assert (view.state, view.failure_code) == ("failed", "promotion_used_up")
    await late.check_undone()
    assert await redeemed(staff) == 1


@pytest.mark.parametrize("point", [1, 2, 3, 6, 12])
async def test_a_crash_around_counting_counts_once(
    shop: Shop, staff: httpx.AsyncClient, point: int
) -> None:
    await limited(shop, staff)
    shop.doom.at = [point]
    with pytest.raises(Killed):
        await shop.submit()
    await shop.restart()
    await shop.check_placed()
    assert await redeemed(staff) == 1


@pytest.mark.parametrize("point", [3, 6, 8, 10, 12])
async def test_a_crash_around_giving_back_gives_back_once(
    shop: Shop, staff: httpx.AsyncClient, point: int
) -> None:
    await limited(shop, staff)
    shop.doom.at = [point]
    with pytest.raises(Killed):
        await shop.submit(purchase(shop.cart, token="pm_card_chargeDeclined"))
    await shop.restart()
    await shop.check_undone()
    assert await redeemed(staff) == 0


async def test_a_coupon_in_the_cart_is_used_and_named_in_the_order(
    client: httpx.AsyncClient, shop: Shop, staff: httpx.AsyncClient, context: Context
) -> None:
    code = await once_only_coupon(staff)
    cart = await client.get(f"/api/v1/carts/{shop.cart}")
    used = await client.put(
        f"/api/v1/carts/{shop.cart}/coupons/{code}", headers={"if-match": cart.headers["etag"]}
    )
    assert used.status_code == 200, used.text
    bought = await buy(client, body(shop.cart))
    assert bought.json()["total"]["amount"] == 539 + STANDARD
    with psycopg.connect(context.settings.dsn) as connection:
        [(kept,)] = connection.execute("SELECT coupons FROM checkout.checkouts").fetchall()
    assert kept == [code]

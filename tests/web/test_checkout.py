"""From the cart to an order number, and what is said when it does not get there."""

import asyncio
import re

import pytest

from bodega.contracts.checkout import CheckoutView
from bodega.web.storefront import checkout
from tests.web.conftest import Browser
from tests.web.fakes import ASKS, BANK, EXPRESS, pounds
from tests.web.shop import CUSTOMER, STAFF, FakeShop
from tests.web.test_visitors import add_mug

TYPED = {
    "email": "robin@example.com",
    "name": "Robin Doe",
    "line1": "1 High Street",
    "line2": "",
    "city": "Bristol",
    "postal_code": "BS1 1AA",
    "country": "GB",
    "payment_token": "pm_card_visa",
}


async def check_out(browser: Browser, **changed: str) -> object:
    return await browser.send("/checkout", "/checkout", **{**TYPED, **changed})


async def test_a_guest_buys(browser: Browser, shop: FakeShop) -> None:
    await add_mug(browser, shop, quantity=2)
    answer = await check_out(browser)
    assert answer.status_code == 303
    page = await browser.get(answer.headers["location"])
    assert re.search(r'id="order-number">1001<', page.text)
    assert "£29.00" in page.text
    assert "r•••@example.com" in page.text
    assert "High Street" not in page.text
    assert "nothing in it yet" in (await browser.get("/cart")).text


async def test_a_provider_that_hangs_leads_to_a_page_that_looks_again(
    browser: Browser, shop: FakeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_mug(browser, shop, quantity=1)
    monkeypatch.setattr(checkout, "PATIENCE", 0.01)
    submit, answering = shop.checkouts.submit, asyncio.Event()

    async def hanging(**asked: object) -> CheckoutView:
        view = await submit(**asked)
        shop.checkouts.known[view.id] = view.model_copy(update={"state": "running"})
        await answering.wait()
        shop.checkouts.known[view.id] = view
        return view

    monkeypatch.setattr(shop.checkouts, "submit", hanging)
    answer = await check_out(browser)
    at = answer.headers["location"]
    assert "placing your order" in (await browser.get(at)).text
    answering.set()
    await asyncio.sleep(0)
    assert "Thank you!" in (await browser.get(at)).text
    assert len(shop.orders.placed) == 1


async def test_the_same_checkout_twice_is_one_order(browser: Browser, shop: FakeShop) -> None:
    await add_mug(browser, shop)
    form = {**await browser.fields("/checkout", "/checkout"), **TYPED}
    first = await browser.post("/checkout", form)
    again = await browser.post("/checkout", form)
    assert first.headers["location"] == again.headers["location"]
    assert len(shop.orders.placed) == 1
    await browser.get(first.headers["location"])
    after = await browser.post("/checkout", form)
    assert after.headers["location"] == first.headers["location"]
    assert len(shop.orders.placed) == 1


@pytest.mark.parametrize(
    ("token", "sentence"),
    [
        ("pm_card_visa_chargeDeclined", "The bank refused this card"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "too little money"),
    ],
)
async def test_a_declined_card_is_told_and_another_one_goes_through(
    browser: Browser, shop: FakeShop, token: str, sentence: str
) -> None:
    await add_mug(browser, shop)
    page = await check_out(browser, payment_token=token)
    assert page.status_code == 402
    assert sentence in page.text
    assert "nothing was charged" in page.text
    assert 'value="1 High Street"' in page.text
    assert (await check_out(browser)).status_code == 303
    assert len(shop.orders.placed) == 1


async def test_a_sold_out_product_is_told_with_a_way_out(browser: Browser, shop: FakeShop) -> None:
    await add_mug(browser, shop, quantity=2)
    shop.inventory.levels[shop.catalog.items[0].variants[0].id] = 1
    page = await check_out(browser)
    assert page.status_code == 409
    assert "Lower the quantity in your cart" in page.text
    assert '<a href="/cart">Go to your cart</a>' in page.text


async def test_an_answer_that_never_came_repeats_the_same_checkout(
    browser: Browser, shop: FakeShop
) -> None:
    await add_mug(browser, shop)
    form = {**await browser.fields("/checkout", "/checkout"), **TYPED}
    shop.checkouts.down = True
    page = await browser.post("/checkout", form)
    assert page.status_code == 503
    assert f'value="{form["command_id"]}"' in page.text
    shop.checkouts.down = False
    await browser.post("/checkout", form)
    assert len(set(shop.checkouts.asked)) == 1


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"email": "robin"}, "name@example.com"),
        ({"name": " "}, "name on the parcel"),
        ({"city": ""}, "town or city"),
        ({"country": "Narnia"}, "Choose a country"),
        ({"payment_token": ""}, "Choose how to pay"),
        ({"payment_token": "4242 4242 4242 4242"}, "Choose how to pay"),
    ],
)
async def test_an_odd_field_is_named(
    browser: Browser, shop: FakeShop, changed: dict[str, str], sentence: str
) -> None:
    await add_mug(browser, shop)
    page = await check_out(browser, **changed)
    assert page.status_code == 422
    assert sentence in page.text
    assert not shop.checkouts.asked


async def test_nothing_in_the_cart_leads_back_to_it(browser: Browser) -> None:
    assert (await browser.get("/checkout")).headers["location"] == "/cart"


async def test_the_cart_changes_and_empties(browser: Browser, shop: FakeShop) -> None:
    await add_mug(browser, shop)
    action = f"/cart/lines/{shop.catalog.items[0].variants[0].id}"
    assert (await browser.send("/cart", action, quantity="4")).status_code == 303
    assert "£58.00" in (await browser.get("/cart")).text
    refused = await browser.send("/cart", action, quantity="4000")
    assert refused.status_code == 400
    assert "does not hold so many" in refused.text
    await browser.send("/cart", action, quantity="0")
    assert "nothing in it yet" in (await browser.get("/cart")).text


async def test_what_is_not_sold_any_more_blocks_the_way_on(
    browser: Browser, shop: FakeShop
) -> None:
    await add_mug(browser, shop)
    shop.catalog.items[0] = shop.catalog.items[0].model_copy(update={"status": "archived"})
    page = await browser.get("/cart")
    assert "Not for sale any more" in page.text
    assert 'data-testid="to-checkout"' not in page.text


async def test_a_customers_confirmation_is_for_the_customer_and_staff(shop: FakeShop) -> None:
    owner, other, staff = Browser(shop), Browser(shop), Browser(shop)
    await owner.sign_in(CUSTOMER)
    await add_mug(owner, shop)
    address = (await check_out(owner)).headers["location"]
    await staff.sign_in(STAFF)
    assert (await owner.get(address)).status_code == 200
    assert (await other.get(address)).status_code == 404
    assert (await staff.get(address)).status_code == 200
    assert "Order 1001" in (await owner.get("/account")).text
    assert "Order 1001" not in (await staff.get("/account")).text


async def test_an_order_on_its_way_looks_again_by_itself(browser: Browser, shop: FakeShop) -> None:
    await add_mug(browser, shop)
    address = (await check_out(browser)).headers["location"]
    [(key, view)] = shop.checkouts.known.items()
    shop.checkouts.known[key] = view.model_copy(update={"state": "running"})
    page = await browser.get(address)
    assert "placing your order" in page.text
    assert 'http-equiv="refresh"' in page.text


async def test_without_test_cards_no_card_is_asked_for(shop: FakeShop) -> None:
    from tests.web.conftest import shop_of

    live = shop_of(payments_secret_key="sk_live_1")
    browser = Browser(live)
    await add_mug(browser, live)
    page = await browser.get("/checkout")
    assert "pm_card" not in page.text
    assert 'data-testid="place-order"' not in page.text


async def test_a_way_to_send_it_is_chosen_and_paid(browser: Browser, shop: FakeShop) -> None:
    await add_mug(browser, shop)
    page = await browser.get("/checkout")
    assert "Express" in page.text
    assert "Pay £19.40" in page.text
    quoted = await check_out(browser, shipping_method_id=str(EXPRESS), intent="quote")
    assert quoted.status_code == 200
    assert "Pay £26.50" in quoted.text
    assert 'value="1 High Street"' in quoted.text
    assert not shop.checkouts.asked
    express = re.search(r'name="expected_amount" value="(\d+)"', quoted.text)[1]
    placed = await check_out(browser, shipping_method_id=str(EXPRESS), expected_amount=express)
    assert placed.status_code == 303
    [asked] = shop.checkouts.requests
    assert (asked.shipping_method_id, asked.expected_total) == (EXPRESS, pounds(2_650))


async def test_a_total_that_changed_meanwhile_is_shown_before_it_is_paid(
    browser: Browser, shop: FakeShop
) -> None:
    await add_mug(browser, shop)
    form = {**await browser.fields("/checkout", "/checkout"), **TYPED}
    shop.carts.dear = 100
    page = await browser.post("/checkout", form)
    assert page.status_code == 409
    assert "The total has changed" in page.text
    assert "Pay £20.40" in page.text
    assert not shop.orders.placed
    assert (await check_out(browser)).status_code == 303


async def test_where_nothing_goes_no_way_is_offered(browser: Browser, shop: FakeShop) -> None:
    await add_mug(browser, shop)
    page = await check_out(browser, country="AQ", intent="quote")
    assert "We do not send anything there" in page.text
    assert 'name="shipping_method_id"' not in page.text


async def test_the_invoice_may_go_elsewhere(browser: Browser, shop: FakeShop) -> None:
    await add_mug(browser, shop)
    billing = {
        "billing_differs": "yes",
        "billing_name": "Acme Ltd",
        "billing_line1": "2 Low Street",
        "billing_city": "Leeds",
        "billing_country": "GB",
    }
    page = await check_out(browser, **{**billing, "billing_city": ""})
    assert page.status_code == 422
    assert 'id="n-billing_city"' in page.text
    assert 'id="n-city"' not in page.text
    assert 'value="2 Low Street"' in page.text
    assert (await check_out(browser, **billing)).status_code == 303
    [asked] = shop.checkouts.requests
    assert asked.billing_address.name == "Acme Ltd"
    assert asked.shipping_address.line1 == "1 High Street"


async def test_the_bank_asks_and_the_buyer_comes_back(browser: Browser, shop: FakeShop) -> None:
    await add_mug(browser, shop)
    sent = await check_out(browser, payment_token=ASKS)
    page = await browser.get(sent.headers["location"])
    assert f'href="{BANK}"' in page.text
    assert f"url={BANK}" in page.text
    [asked] = shop.checkouts.requests
    back = asked.return_url.removeprefix("http://shop.test")
    for _ in range(2):
        answer = await browser.get(back)
        assert answer.headers["location"].endswith("/confirmation")
    assert "Thank you!" in (await browser.get(answer.headers["location"])).text
    assert len(shop.orders.placed) == 1


async def test_a_buyer_who_did_not_confirm_is_not_sent_back_and_may_pay_another_way(
    browser: Browser, shop: FakeShop
) -> None:
    await add_mug(browser, shop)
    form = {**await browser.fields("/checkout", "/checkout"), **TYPED, "payment_token": ASKS}
    asks = (await browser.post("/checkout", form)).headers["location"]
    shop.checkouts.unconfirmed = True
    back = shop.checkouts.requests[0].return_url.removeprefix("http://shop.test")
    assert (await browser.post("/checkout", form)).headers["location"] == asks
    returned = (await browser.get(back)).headers["location"]
    assert returned == f"/orders/{shop.checkouts.asked[0]}/confirmation"
    page = await browser.get(returned)
    assert f'href="{asks}"' in page.text
    assert "Speckled stoneware mug" in (await browser.get("/cart")).text
    left = await browser.send(returned, asks.replace("/action", "/abandonment"))
    assert left.headers["location"] == "/checkout"
    assert "Nothing was charged for it" in (await browser.get(returned)).text


async def test_only_a_web_address_is_followed(browser: Browser, shop: FakeShop) -> None:
    await add_mug(browser, shop)
    asks = (await check_out(browser, payment_token=ASKS)).headers["location"]
    [(key, view)] = shop.checkouts.known.items()
    shop.checkouts.known[key] = view.model_copy(update={"action_url": "javascript:alert(1)"})
    assert (await browser.get(asks)).headers["location"].endswith("/confirmation")


async def test_an_order_under_review_is_told_and_its_cart_is_empty(
    browser: Browser, shop: FakeShop
) -> None:
    await add_mug(browser, shop)
    address = (await check_out(browser)).headers["location"]
    [(key, view)] = shop.checkouts.known.items()
    held = {"state": "waiting", "waiting_for": "review"}
    shop.checkouts.known[key] = view.model_copy(update=held)
    page = await browser.get(address)
    assert "We are reviewing your order" in page.text
    assert "1001" in page.text
    assert 'http-equiv="refresh"' not in page.text
    assert "nothing in it yet" in (await browser.get("/cart")).text


async def test_anothers_bank_question_is_not_shown(shop: FakeShop) -> None:
    owner, other = Browser(shop), Browser(shop)
    await owner.sign_in(CUSTOMER)
    await add_mug(owner, shop)
    asks = (await check_out(owner, payment_token=ASKS)).headers["location"]
    back = asks.replace("/action", "/return")
    for address in (asks, back):
        assert (await other.get(address)).status_code == 404
    left = asks.replace("/action", "/abandonment")
    assert (await other.post(left, await other.fields("/sign-in", "/sign-in"))).status_code == 404
    assert not shop.orders.placed

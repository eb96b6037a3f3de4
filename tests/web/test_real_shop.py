"""The pages over the real modules and servers: what fakes cannot promise."""

import html
import re

import httpx
import pytest
from fastapi import FastAPI

from bodega.apps.admin import ensure_admin
from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.contracts.catalog import Catalog
from bodega.kernel.ids import VariantId
from bodega.kernel.page import PageRequest
from tests.kit.goods import level, stocked
from tests.kit.provider import RunningProvider
from tests.web.conftest import Browser
from tests.web.test_checkout import TYPED


@pytest.fixture
def settings(settings: Settings, provider: RunningProvider) -> Settings:
    """A shop with a provider, and nobody who serves models or numbers."""
    return settings.model_copy(
        update={"payments_url": provider.url, "serving_url": "http://127.0.0.1:9"}
    )


@pytest.fixture
def browser(app: FastAPI, client: httpx.AsyncClient) -> Browser:
    """`client` is asked for so that the application lives."""
    return Browser(app)


async def on_shelf(context: Context) -> str:
    page = await context.container.get(Catalog).products(PageRequest(limit=1))
    return f"/products/{page.items[0].slug}"


async def test_a_guest_buys_once_however_often_the_form_is_sent(
    context: Context, browser: Browser
) -> None:
    variant_id = await stocked(context, 5)
    product = await on_shelf(context)
    assert "Mug" in (await browser.get("/")).text
    page = await browser.get(product)
    assert page.status_code == 200
    assert "Only 5 left" in page.text
    await browser.send(product, f"{product}/cart", quantity="2")
    declined = await browser.send(
        "/checkout", "/checkout", **{**TYPED, "payment_token": "pm_card_visa_chargeDeclined"}
    )
    assert declined.status_code == 402
    form = {**await browser.fields("/checkout", "/checkout"), **TYPED}
    first = await browser.post("/checkout", form)
    again = await browser.post("/checkout", form)
    assert first.status_code == 303
    assert first.headers["location"] == again.headers["location"]
    assert "£11.98" in (await browser.get(first.headers["location"])).text
    assert (await level(context, variant_id)).available == 3


async def test_too_few_in_stock_is_said_in_the_cart(context: Context, browser: Browser) -> None:
    await stocked(context, 1)
    product = await on_shelf(context)
    await browser.send(product, f"{product}/cart", quantity="2")
    page = await browser.get("/cart")
    assert "Only 1 left: lower the quantity" in page.text
    refused = await browser.send("/checkout", "/checkout", **TYPED)
    assert refused.status_code == 409
    assert "Lower the quantity in your cart" in refused.text


async def test_a_registration_takes_the_cart_along(context: Context, browser: Browser) -> None:
    await stocked(context, 5)
    product = await on_shelf(context)
    await browser.send(product, f"{product}/cart", quantity="1")
    typed = {"email": "ada@example.com", "name": "Ada", "password": "purple river stone 42"}
    answer = await browser.send("/register", "/register", **typed)
    assert answer.status_code == 303
    assert "Mug" in (await browser.get("/cart")).text
    bought = await browser.send("/checkout", "/checkout", **TYPED)
    assert (await browser.get(bought.headers["location"])).status_code == 200
    assert "£5.99" in (await browser.get("/account")).text


async def test_the_console_opens_while_nobody_serves_numbers(
    settings: Settings, browser: Browser
) -> None:
    password = await ensure_admin(settings)
    answer = await browser.send(
        "/sign-in", "/sign-in", email=settings.admin_email, password=password
    )
    assert answer.headers["location"] == "/console"
    page = await browser.get("/console")
    assert page.status_code == 200
    assert "does not answer" in page.text
    assert "No consumer has a position yet" in page.text or 'data-testid="consumers"' in page.text


@pytest.mark.parametrize("country", ["GB", "DE", "US"])
async def test_what_the_page_says_is_what_is_paid(
    context: Context, browser: Browser, country: str
) -> None:
    await stocked(context, 5)
    product = await on_shelf(context)
    await browser.send(product, f"{product}/cart", quantity="2")
    postcode = "94103" if country == "US" else "10115"
    region = "CA" if country == "US" else ""
    typed = {**TYPED, "country": country, "postal_code": postcode, "region": region}
    shown = await browser.send("/checkout", "/checkout", **typed, intent="quote")
    ways = re.findall(r'name="shipping_method_id" value="([^"]+)"', shown.text)
    assert len(ways) > 1
    dearest = {**typed, "shipping_method_id": ways[-1]}
    page = await browser.send("/checkout", "/checkout", **dearest, intent="quote")
    total = re.search(r">Pay ([^<]+)<", page.text)[1]
    expected = re.search(r'name="expected_amount" value="(\d+)"', page.text)[1]
    paid = await browser.send("/checkout", "/checkout", **dearest, expected_amount=expected)
    assert paid.status_code == 303, paid.text
    assert total in (await browser.get(paid.headers["location"])).text


async def test_a_total_that_the_page_did_not_show_is_not_charged(
    context: Context, browser: Browser
) -> None:
    await stocked(context, 5)
    product = await on_shelf(context)
    await browser.send(product, f"{product}/cart", quantity="2")
    page = await browser.send("/checkout", "/checkout", **TYPED, expected_amount="1")
    assert page.status_code == 409
    assert "The total has changed" in page.text


async def sent_to_the_bank(context: Context, browser: Browser) -> tuple[VariantId, httpx.Response]:
    """Two of five units, with a card whose bank asks."""
    variant_id = await stocked(context, 5)
    product = await on_shelf(context)
    await browser.send(product, f"{product}/cart", quantity="2")
    typed = {**TYPED, "payment_token": "pm_card_authenticationRequired"}
    asks = await browser.send("/checkout", "/checkout", **typed)
    return variant_id, asks


def asked_bank(page: httpx.Response, outcome: str) -> str:
    """What the buyer does on the bank's page; the path they come back to."""
    address = html.unescape(re.search(r'href="([^"]+)"[^>]*data-testid="to-bank"', page.text)[1])
    assert httpx.get(address).status_code == 200
    back = httpx.post(address, data={"outcome": outcome}).headers["location"]
    return back.removeprefix("http://shop.test")


async def test_a_buyer_who_confirms_with_the_bank_has_one_order(
    context: Context, browser: Browser
) -> None:
    variant_id, asks = await sent_to_the_bank(context, browser)
    assert asks.headers["location"].endswith("/action")
    back = asked_bank(await browser.get(asks.headers["location"]), "authorise")
    for _ in range(2):
        answer = await browser.get(back)
        page = await browser.get(answer.headers["location"])
        assert "Thank you!" in page.text
    assert (await level(context, variant_id)).available == 3


async def test_a_buyer_who_goes_back_from_the_bank_pays_another_way(
    context: Context, browser: Browser
) -> None:
    variant_id, asks = await sent_to_the_bank(context, browser)
    paid = await browser.send("/checkout", "/checkout", **TYPED)
    assert "Thank you!" in (await browser.get(paid.headers["location"])).text
    earlier = await browser.get(asks.headers["location"])
    assert earlier.headers["location"].endswith("/confirmation")
    assert (await level(context, variant_id)).available == 3


async def test_a_buyer_who_does_not_confirm_pays_nothing_and_may_try_again(
    context: Context, browser: Browser
) -> None:
    variant_id, asks = await sent_to_the_bank(context, browser)
    back = asked_bank(await browser.get(asks.headers["location"]), "fail")
    answer = await browser.get(back)
    page = await browser.get(answer.headers["location"])
    assert "declined" in page.text
    assert (await level(context, variant_id)).available == 5
    assert (await browser.send("/checkout", "/checkout", **TYPED)).status_code == 303

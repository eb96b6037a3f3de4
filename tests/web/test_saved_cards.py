"""Saved cards in the web: kept, shown, paid with and removed by whoever saved them."""

import re

from bodega.kernel.ids import UserId
from bodega.kernel.principal import Role
from tests.web.conftest import Browser
from tests.web.fake_vault import BANK_OF_SETUPS
from tests.web.shop import CUSTOMER, FakeShop
from tests.web.test_checkout import check_out
from tests.web.test_visitors import add_mug

HERE = "/account/payment-methods"


def own(shop: FakeShop, email: str = CUSTOMER) -> UserId:
    return shop.identity.users[email][1].id


async def signed_in(browser: Browser) -> None:
    assert (await browser.sign_in(CUSTOMER)).status_code == 303


async def test_a_card_is_kept_shown_and_removed(browser: Browser, shop: FakeShop) -> None:
    await signed_in(browser)
    assert "No cards yet" in (await browser.get(HERE)).text
    saved = await browser.send(HERE, HERE, payment_token="pm_card_visa")
    assert saved.headers["location"] == HERE
    page = (await browser.get(HERE)).text
    assert "Visa ending 4242" in page
    assert "until 08/2034" in page
    [method] = shop.methods.kept[own(shop)]
    gone = await browser.send(HERE, f"{HERE}/remove", token=method.token)
    assert gone.status_code == 303
    assert "No cards yet" in (await browser.get(HERE)).text


async def test_a_bank_may_ask_or_refuse(browser: Browser, shop: FakeShop) -> None:
    await signed_in(browser)
    asked = await browser.send(HERE, HERE, payment_token="pm_card_authenticationRequired")
    assert asked.headers["location"] == f"{HERE}/seti_0/action"
    assert f'href="{BANK_OF_SETUPS}"' in (await browser.get(f"{HERE}/seti_0/action")).text
    assert "has not confirmed yet" in (await browser.get(f"{HERE}?setup=seti_0")).text
    shop.methods.confirm("seti_0")
    back = await browser.get(f"{HERE}?setup_intent=seti_0")
    assert "Your card is kept" in back.text
    refused = await browser.send(HERE, HERE, payment_token="pm_card_visa_chargeDeclined")
    assert (refused.status_code, "try another card" in refused.text) == (402, True)


async def test_nobody_removes_a_strangers_card(browser: Browser, shop: FakeShop) -> None:
    shop.identity.add("eve@example.com", "correct horse battery", Role.CUSTOMER)
    theirs = shop.methods.keep(own(shop, "eve@example.com"))
    await signed_in(browser)
    shop.methods.keep(own(shop))
    refused = await browser.send(HERE, f"{HERE}/remove", token=theirs.token)
    assert refused.status_code == 404
    assert len(shop.methods.kept[own(shop, "eve@example.com")]) == 1


async def test_a_guest_is_asked_to_sign_in(browser: Browser) -> None:
    answer = await browser.get(HERE)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")


async def test_checkout_offers_saved_cards_and_to_keep_one(
    browser: Browser, shop: FakeShop
) -> None:
    await signed_in(browser)
    kept = shop.methods.keep(own(shop), "1881")
    await add_mug(browser, shop)
    page = (await browser.get("/checkout")).text
    assert "Visa ending 1881" in page
    assert re.search(r'name="save_payment_method"', page)
    done = await check_out(browser, payment_token=f"saved:{kept.token}")
    assert done.status_code == 303
    [request] = shop.checkouts.requests
    assert (request.payment_token, request.payment_source) == (kept.token, "saved")
    assert not request.save_payment_method
    await add_mug(browser, shop)
    await check_out(browser, save_payment_method="yes")
    assert shop.checkouts.requests[-1].save_payment_method


async def test_a_guest_is_offered_neither(browser: Browser, shop: FakeShop) -> None:
    await add_mug(browser, shop)
    page = (await browser.get("/checkout")).text
    assert "save_payment_method" not in page
    assert "saved-cards" not in page


async def test_checkout_goes_on_while_the_provider_is_away(
    browser: Browser, shop: FakeShop
) -> None:
    await signed_in(browser)
    shop.methods.keep(own(shop))
    shop.methods.away = True
    await add_mug(browser, shop)
    assert "place-order" in (await browser.get("/checkout")).text
    page = await browser.get(HERE)
    assert "does not answer" in page.text

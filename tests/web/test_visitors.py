"""Cookies, signing in and out, and who may see what."""

import pytest

from tests.web.conftest import Browser, shop_of
from tests.web.shop import CUSTOMER, PASSWORD, STAFF, FakeShop

MUG = "/products/speckled-stoneware-mug"


def cookies(answer: object) -> dict[str, str]:
    """Set-Cookie headers by cookie name, lower case."""
    lines = answer.headers.get_list("set-cookie")
    return {line.split("=")[0]: line.lower() for line in lines}


async def add_mug(browser: Browser, shop: FakeShop, quantity: int = 1) -> object:
    variant = shop.catalog.items[0].variants[0].id
    return await browser.send(MUG, f"{MUG}/cart", variant_id=str(variant), quantity=quantity)


async def test_cookies_are_kept_from_scripts_and_other_sites(
    browser: Browser, shop: FakeShop
) -> None:
    await add_mug(browser, shop)
    found = cookies(await browser.sign_in(CUSTOMER))
    assert set(found) >= {"bodega_session", "bodega_cart", "bodega_units", "bodega_flash"}
    for line in found.values():
        assert "httponly" in line
        assert "samesite=lax" in line
        assert "path=/" in line
        assert "secure" not in line


async def test_in_production_cookies_need_https_and_this_host() -> None:
    shop = shop_of(
        environment="prod", secret_key="s" * 40, internal_token="t" * 40, lake_master_key="m" * 40
    )
    browser = Browser(shop, scheme="https")
    found = cookies(await browser.sign_in(CUSTOMER))
    assert "__Host-bodega_session" in found
    for line in found.values():
        assert "secure" in line
        assert "domain" not in line


async def test_the_list_sets_no_cookie(browser: Browser) -> None:
    assert not cookies(await browser.get("/"))


async def test_a_guest_is_led_to_sign_in_and_back(browser: Browser) -> None:
    sent = await browser.get("/account")
    assert sent.status_code == 303
    assert sent.headers["location"] == "/sign-in?next=%2Faccount"
    answer = await browser.send(
        sent.headers["location"], "/sign-in", email=CUSTOMER, password=PASSWORD
    )
    assert answer.headers["location"] == "/account"
    page = await browser.get("/account")
    assert page.status_code == 200
    assert "You are signed in." in page.text
    assert "You are signed in." not in (await browser.get("/account")).text


@pytest.mark.parametrize(
    "address", ["//evil.example", "/\\evil.example", "https://evil.example", "/\tx", "evil"]
)
async def test_sign_in_never_leads_out_of_the_shop(browser: Browser, address: str) -> None:
    answer = await browser.send(
        "/sign-in", "/sign-in", email=CUSTOMER, password=PASSWORD, next=address
    )
    assert answer.headers["location"] == "/account"


async def test_a_wrong_password_is_told_and_forgotten(browser: Browser) -> None:
    answer = await browser.send("/sign-in", "/sign-in", email=CUSTOMER, password="hunter2hunter2")
    assert answer.status_code == 401
    assert "E-mail or password is wrong" in answer.text
    assert CUSTOMER in answer.text
    assert "hunter2" not in answer.text
    assert "bodega_session" not in cookies(answer)


async def test_too_many_attempts_are_told(browser: Browser) -> None:
    answer = await browser.send("/sign-in", "/sign-in", email="busy@example.com", password="x" * 12)
    assert answer.status_code == 429
    assert "wait a quarter of an hour" in answer.text


async def test_registering_signs_in(browser: Browser, shop: FakeShop) -> None:
    typed = {"email": "new@example.com", "name": "New One", "password": "a long enough phrase"}
    answer = await browser.send("/register", "/register", **typed)
    assert answer.status_code == 303
    assert "Hello, New One" in (await browser.get("/account")).text


@pytest.mark.parametrize(
    ("typed", "status", "sentence"),
    [
        ({"email": CUSTOMER, "password": "a long enough phrase"}, 409, "sign in instead"),
        ({"email": "n@example.com", "password": "short"}, 400, "longer, less common"),
    ],
)
async def test_registering_tells_what_is_wrong(
    browser: Browser, typed: dict[str, str], status: int, sentence: str
) -> None:
    answer = await browser.send("/register", "/register", name="New One", **typed)
    assert answer.status_code == status
    assert sentence in answer.text
    assert "New One" in answer.text


async def test_signing_out_ends_the_session(browser: Browser, shop: FakeShop) -> None:
    await browser.sign_in(CUSTOMER)
    answer = await browser.send("/account", "/sign-out")
    assert answer.status_code == 303
    assert not shop.identity.sessions
    assert (await browser.get("/account")).status_code == 303


async def test_signing_in_claims_the_guests_cart(browser: Browser, shop: FakeShop) -> None:
    await add_mug(browser, shop, quantity=3)
    await browser.sign_in(CUSTOMER)
    [basket] = shop.carts.baskets.values()
    assert basket.customer_id == shop.identity.users[CUSTOMER][1].id
    assert "Speckled stoneware mug" in (await browser.get("/cart")).text


async def test_signing_in_elsewhere_finds_the_customers_cart(shop: FakeShop) -> None:
    phone, desk = Browser(shop), Browser(shop)
    await phone.sign_in(CUSTOMER)
    await add_mug(phone, shop)
    await desk.sign_in(CUSTOMER)
    assert "Speckled stoneware mug" in (await desk.get("/cart")).text


async def test_nobody_sees_a_customers_cart_by_its_id(shop: FakeShop) -> None:
    owner, other = Browser(shop), Browser(shop)
    await owner.sign_in(CUSTOMER)
    await add_mug(owner, shop)
    [cart_id] = shop.carts.baskets
    other.client.cookies.set("bodega_cart", str(cart_id))
    assert "nothing in it yet" in (await other.get("/cart")).text


async def test_the_console_is_for_staff(browser: Browser) -> None:
    sent = await browser.get("/console")
    assert sent.headers["location"] == "/sign-in?next=%2Fconsole"
    await browser.sign_in(CUSTOMER)
    refused = await browser.get("/console")
    assert refused.status_code == 403
    assert "another account" in refused.text
    assert "orders-today" not in refused.text


async def test_the_consoles_numbers_are_for_staff(shop: FakeShop) -> None:
    guest, customer, staff = Browser(shop), Browser(shop), Browser(shop)
    await customer.sign_in(CUSTOMER)
    await staff.sign_in(STAFF)
    for browser, status in ((guest, 401), (customer, 403), (staff, 200)):
        ask = {"accept": "application/json"}
        answer = await browser.get("/console/overview.json", headers=ask)
        assert answer.status_code == status


async def test_a_bearer_token_opens_no_page(browser: Browser, shop: FakeShop) -> None:
    await browser.sign_in(STAFF)
    [token] = shop.identity.sessions
    stranger = Browser(shop)
    answer = await stranger.get("/console", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 303


async def test_a_lapsed_session_makes_a_guest(browser: Browser, shop: FakeShop) -> None:
    await browser.sign_in(CUSTOMER)
    shop.identity.sessions.clear()
    page = await browser.get("/")
    assert page.status_code == 200
    assert "Sign in" in page.text

"""A person buys in a browser, and the console shows that sale in its numbers."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.kit.browser import CHROMIUM, chromium, expect
from tests.kit.buyer import ADDRESS
from tests.kit.tree import GOLD_SECONDS, Tree

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [
    pytest.mark.journey,
    pytest.mark.skipif(not CHROMIUM, reason="Debian's chromium is not installed"),
]
SECONDS = 1000


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    with chromium() as browser:
        yield browser


@pytest.fixture(params=[(390, 844), (1280, 900)], ids=["phone", "desktop"])
def page(browser: "Browser", request: pytest.FixtureRequest) -> "Iterator[Page]":
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height})
    yield context.new_page()
    context.close()


def number(text: str) -> int:
    return int(re.sub(r"\D", "", text))


def sign_in(page: "Page", shop: Tree) -> None:
    page.goto(f"{shop.url}/sign-in")
    page.fill("input[name=email]", "admin@bodega.local")
    page.fill("input[name=password]", shop.password)
    page.click("#sign-in-form button[type=submit]")
    page.goto(f"{shop.url}/console")
    expect(page.get_by_test_id("orders-today")).not_to_be_empty()


def buy(page: "Page", shop: Tree) -> int:
    """The order's number."""
    page.goto(shop.url)
    page.get_by_role("link", name="Kitchen", exact=True).click()
    page.locator("main a[href^='/products/']").first.click()
    expect(page.get_by_test_id("suggestions")).to_be_visible()
    page.get_by_test_id("add-to-cart").click()
    page.get_by_test_id("to-checkout").click()
    page.fill("input[name=email]", "grace@example.com")
    for field in ("name", "line1", "city", "postal_code"):
        page.fill(f"input[name={field}]", ADDRESS[field])
    page.get_by_test_id("place-order").click()
    shown = page.get_by_test_id("order-number")
    expect(shown).to_be_visible(timeout=15 * SECONDS)
    return number(shown.inner_text())


def test_a_sale_shows_in_the_console(shop: Tree, page: "Page") -> None:
    sign_in(page, shop)
    before = number(page.get_by_test_id("orders-today").inner_text())
    buyer = page.context.browser
    assert buyer is not None
    visitor = buyer.new_context(viewport=page.viewport_size)
    order = buy(visitor.new_page(), shop)
    visitor.close()
    latest = page.get_by_test_id("latest-orders")
    expect(latest).to_contain_text(str(order), timeout=GOLD_SECONDS * SECONDS)
    expect(page.get_by_test_id("orders-today")).to_have_text(str(before + 1))


def test_no_page_is_wider_than_its_screen(shop: Tree, page: "Page") -> None:
    for path in ("/", "/cart", "/sign-in", "/register", "/nowhere"):
        page.goto(f"{shop.url}{path}")
        wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        assert not wide, path


def test_the_console_is_closed_to_strangers(shop: Tree, page: "Page") -> None:
    page.goto(f"{shop.url}/console")
    expect(page.locator("#sign-in-form")).to_be_visible()

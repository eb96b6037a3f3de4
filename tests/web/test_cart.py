"""The cart's page: what changed, what is put aside, codes, notes, and two tabs."""

import re

import pytest

from bodega.kernel.quantity import PurchaseLimit
from tests.web.conftest import Browser
from tests.web.fakes import _Basket, pounds
from tests.web.shop import CUSTOMER, FakeShop
from tests.web.test_visitors import add_mug


@pytest.fixture
async def filled(browser: Browser, shop: FakeShop) -> str:
    """The address of the mug's line in the visitor's cart."""
    await add_mug(browser, shop, quantity=2)
    return f"/cart/lines/{shop.catalog.items[0].variants[0].id}"


def basket(shop: FakeShop) -> _Basket:
    [found] = shop.carts.baskets.values()
    return found


def sums(page: str) -> list[str]:
    """The summary's figures from top to bottom."""
    body = re.search(r'<dl class="sums".*?</dl>', page, re.DOTALL)
    return re.findall(r'<dd class="figure"[^>]*>(.*?)</dd>', body[0]) if body else []


@pytest.mark.parametrize(
    ("bought", "sentence"),
    [(0, None), (1, "2 per customer: 1 more for you now."), (2, "you have bought as many as that")],
)
async def test_what_a_customer_may_still_buy_is_told(
    browser: Browser, shop: FakeShop, filled: str, bought: int, sentence: str | None
) -> None:
    product = shop.catalog.items[0]
    mug = product.variants[0].model_copy(update={"purchase_limit": PurchaseLimit(units=2)})
    shop.catalog.items[0] = product.model_copy(update={"variants": [mug, *product.variants[1:]]})
    shop.carts.bought[mug.id] = bought
    page = (await browser.get("/cart")).text
    assert (sentence or "Cart") in page
    assert ("per customer" in page) is (sentence is not None)


async def test_the_summary_adds_up(browser: Browser, shop: FakeShop, filled: str) -> None:
    page = await browser.get("/cart")
    assert sums(page.text) == ["£29.00", "£4.90", "£33.90", "£5.65"]
    assert "Delivery <span" in page.text
    assert "of which tax" in page.text


async def test_a_price_that_moved_is_told_until_it_is_acknowledged(
    browser: Browser, shop: FakeShop, filled: str
) -> None:
    mug = shop.catalog.items[0].variants[0]
    basket(shop).seen[mug.id] = pounds(1_200)
    page = await browser.get("/cart")
    assert "Was £12.00, now £14.50" in page.text
    assert 'data-testid="repriced"' in page.text
    assert (await browser.send("/cart", "/cart/acknowledgements")).status_code == 303
    page = await browser.get("/cart")
    assert "Was £12.00" not in page.text
    assert 'data-testid="repriced"' not in page.text


@pytest.mark.parametrize(
    ("left", "sentence", "buyable"),
    [(3, "Only 3 left", True), (1, "Only 1 left: lower", False), (0, "Sold out", False)],
)
async def test_what_is_left_is_told(
    *, browser: Browser, shop: FakeShop, filled: str, left: int, sentence: str, buyable: bool
) -> None:
    shop.inventory.levels[shop.catalog.items[0].variants[0].id] = left
    page = await browser.get("/cart")
    assert sentence in page.text
    assert ('data-testid="to-checkout"' in page.text) is buyable


async def test_a_line_is_put_aside_and_comes_back(
    browser: Browser, shop: FakeShop, filled: str
) -> None:
    assert (await browser.send("/cart", f"{filled}/saved")).status_code == 303
    page = await browser.get("/cart")
    assert 'data-testid="saved-lines"' in page.text
    assert 'data-testid="to-checkout"' not in page.text
    assert "Move to cart" in page.text
    assert (await browser.send("/cart", f"{filled}/saved")).status_code == 303
    assert 'data-testid="to-checkout"' in (await browser.get("/cart")).text


async def test_a_code_takes_something_off_and_may_be_taken_out(
    browser: Browser, shop: FakeShop, filled: str
) -> None:
    await browser.send("/cart", "/cart/coupons", code="spring10")
    page = await browser.get("/cart")
    assert sums(page.text) == ["£29.00", "−£2.90", "£4.90", "£31.00", "£5.16"]
    assert "Spring sale" in page.text
    await browser.send("/cart", "/cart/coupons/remove")
    assert "£33.90" in (await browser.get("/cart")).text


async def test_a_code_that_does_not_count_says_why(
    browser: Browser, shop: FakeShop, filled: str
) -> None:
    await browser.send("/cart", "/cart/coupons", code="WINTER")
    assert "Not valid yet." in (await browser.get("/cart")).text
    refused = await browser.send("/cart", "/cart/coupons", code="<b>NOPE")
    assert refused.status_code == 400
    assert "There is no such code" in refused.text
    assert 'value="&lt;b&gt;NOPE"' in refused.text


async def test_a_note_is_kept_and_is_only_text(
    browser: Browser, shop: FakeShop, filled: str
) -> None:
    await browser.send("/cart", "/cart/note", note="<script>alert(1)</script>")
    page = await browser.get("/cart")
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text
    refused = await browser.send("/cart", "/cart/note", note="x" * 501)
    assert refused.status_code == 400
    assert "500 characters at most" in refused.text


async def test_two_tabs_do_not_overwrite_each_other(
    browser: Browser, shop: FakeShop, filled: str
) -> None:
    first, second = [await browser.fields("/cart", filled) for _ in range(2)]
    assert (await browser.post(filled, {**first, "quantity": "5"})).status_code == 303
    late = await browser.post(filled, {**second, "quantity": "1"})
    assert late.status_code == 412
    assert "changed in another tab" in late.text
    assert 'value="5"' in late.text
    again = await browser.send("/cart", filled, quantity="1")
    assert again.status_code == 303
    assert basket(shop).lines == {shop.catalog.items[0].variants[0].id: 1}


async def test_a_form_without_a_version_is_refused(
    browser: Browser, shop: FakeShop, filled: str
) -> None:
    form = await browser.fields("/cart", filled)
    del form["version"]
    assert (await browser.post(filled, {**form, "quantity": "1"})).status_code == 400
    assert sum(basket(shop).lines.values()) == 2


async def test_a_cart_that_closed_leads_to_the_one_with_the_rest(shop: FakeShop) -> None:
    browser = Browser(shop)
    await browser.sign_in(CUSTOMER)
    await add_mug(browser, shop)
    [(old, ordered)] = shop.carts.baskets.items()
    owner = ordered.customer_id
    ordered.status = "ordered"
    honey = shop.catalog.items[1].variants[0].id
    fresh = await shop.carts.open(command_id=old, customer_id=owner)
    await shop.carts.set_line(
        command_id=fresh.id, cart_id=fresh.id, customer_id=owner, variant_id=honey, quantity=1
    )
    ordered.next_cart_id = fresh.id
    page = await browser.get("/cart")
    assert "Wild thyme honey" in page.text
    assert "Speckled stoneware mug" not in page.text
    await add_mug(browser, shop, quantity=3)
    assert shop.carts.baskets[fresh.id].lines[honey] == 1
    assert sum(shop.carts.baskets[fresh.id].lines.values()) == 4

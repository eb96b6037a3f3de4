"""The shelf and a product's page, whatever the others answer."""

import html
import re
from datetime import date

import pytest

from bodega.contracts.inventory import Availability
from bodega.kernel.errors import Rejected
from bodega.kernel.quantity import PurchaseLimit
from tests.web.conftest import Browser
from tests.web.shop import HOSTILE, FakeShop

MUG = "/products/speckled-stoneware-mug"


def titles(page: str) -> list[str]:
    return [html.unescape(found) for found in re.findall(r'card-title">(.*?)</span>', page)]


async def test_the_shelf_shows_products_and_leads_on(browser: Browser, shop: FakeShop) -> None:
    first = await browser.get("/")
    assert first.status_code == 200
    address = html.unescape(re.search(r'href="([^"]*)" rel="next"', first.text)[1])
    second = await browser.get(address)
    assert 'rel="next"' not in second.text
    assert titles(first.text) + titles(second.text) == [item.title for item in shop.catalog.items]


async def test_a_category_stays_chosen_from_page_to_page(browser: Browser) -> None:
    page = await browser.get("/?category=Desk+%26+paper")
    assert titles(page.text) == ["Brass desk lamp", "Dotted notebook A5"]


async def test_a_hostile_title_is_only_text(browser: Browser, shop: FakeShop) -> None:
    [odd] = [item for item in shop.catalog.items if item.title == HOSTILE]
    shop.reviews.add(odd.id, 1, HOSTILE, HOSTILE)
    pages = ["/", f"/products/{odd.slug}", "/?q=%3Cscript%3Ealert", "/?category=%3Cb%3Eodd%3C/b%3E"]
    for path in pages:
        page = await browser.get(path)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<b>odd" not in page.text
    assert "&lt;script&gt;alert" in page.text


async def test_pages_carry_no_inline_code_and_ask_nobody_else(browser: Browser) -> None:
    for path in ("/", MUG, "/cart", "/sign-in", "/register"):
        page = await browser.get(path)
        assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", page.text), path
        assert not re.search(r'(src|href)="(https?:)?//', page.text), path
        assert "default-src 'self'" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "private, no-store"


async def test_search_finds_and_says_when_it_does_not(browser: Browser, shop: FakeShop) -> None:
    assert titles((await browser.get("/?q=honey")).text) == ["Wild thyme honey"]
    assert "Nothing found" in (await browser.get("/?q=submarine")).text
    shop.search.resting = True
    page = await browser.get("/?q=honey")
    assert page.status_code == 200
    assert "search is resting" in page.text


async def test_a_foreign_cursor_is_a_clear_page(browser: Browser) -> None:
    page = await browser.get("/?cursor=nonsense")
    assert page.status_code == 422
    assert "start again without it" in page.text


async def test_sold_out_is_said_where_one_looks(browser: Browser) -> None:
    page = await browser.get("/products/linen-tea-towel-set-of-two")
    assert "Sold out" in page.text
    assert 'data-testid="add-to-cart"' not in page.text


async def test_low_stock_is_said(browser: Browser) -> None:
    assert "Only 3 left" in (await browser.get("/products/wild-thyme-honey")).text


async def test_an_unknown_or_archived_product_is_not_found(
    browser: Browser, shop: FakeShop
) -> None:
    assert (await browser.get("/products/submarine")).status_code == 404
    shop.catalog.items[0] = shop.catalog.items[0].model_copy(update={"status": "archived"})
    assert (await browser.get(MUG)).status_code == 404


async def test_the_model_suggests(browser: Browser, shop: FakeShop) -> None:
    page = await browser.get(MUG)
    assert "People also bought" in page.text
    assert titles(page.text) == [item.title for item in shop.catalog.items[4:8]]


async def test_without_a_model_best_sellers_are_shown(browser: Browser, shop: FakeShop) -> None:
    shop.recommender.bought = []
    page = await browser.get(MUG)
    assert "Popular right now" in page.text
    assert titles(page.text) == [item.title for item in shop.catalog.items[1:4]]


@pytest.mark.parametrize("trouble", ["down", "slow", "empty"])
async def test_without_an_answer_new_products_are_shown(
    browser: Browser, shop: FakeShop, trouble: str
) -> None:
    shop.recommender.down = trouble == "down"
    shop.recommender.delay = 5.0 if trouble == "slow" else 0.0
    if trouble == "empty":
        shop.recommender.bought = shop.recommender.best = []
    page = await browser.get(MUG)
    assert page.status_code == 200
    assert page.elapsed.total_seconds() < 2
    assert "New on the shelf" in page.text
    assert titles(page.text) == [item.title for item in shop.catalog.items[1:5]]


async def test_a_refused_addition_is_told_beside_the_form(
    browser: Browser, shop: FakeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(**_: object) -> None:
        raise Rejected("A cart does not hold so many units of one variant")

    monkeypatch.setattr(shop.carts, "set_line", refuse)
    variant = shop.catalog.items[0].variants[0].id
    page = await browser.send(MUG, f"{MUG}/cart", variant_id=str(variant), quantity="9")
    assert page.status_code == 400
    assert "does not hold so many" in page.text
    assert 'data-testid="add-to-cart"' in page.text


async def test_static_files_cache_for_ever_under_a_name_of_their_content(browser: Browser) -> None:
    page = await browser.get("/")
    address = re.search(r'rel="stylesheet" href="([^"]*)"', page.text)[1]
    answer = await browser.get(address)
    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]
    assert re.match(r"/static/shop\.[0-9a-f]{12}\.css", address)
    assert (await browser.get("/static/shop.css")).status_code == 404


async def test_artwork_is_drawn_for_every_product_and_nothing_else(
    browser: Browser, shop: FakeShop
) -> None:
    page = await browser.get("/")
    drawings = re.findall(r'src="(/artwork/[^"]*)"', page.text)
    assert len(drawings) == 24
    answer = await browser.get(drawings[0])
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.text.startswith("<svg")
    for odd in ("99-0-0-A", "0-9-0-A", "0-0-9-A", "0-0-0-%3C", "x"):
        assert (await browser.get(f"/artwork/{odd}.svg")).status_code == 404


async def test_a_variant_is_offered_in_the_quantities_it_is_sold_in(
    browser: Browser, shop: FakeShop
) -> None:
    honey = shop.catalog.items[1]
    sold = {"min_quantity": 6, "quantity_step": 3, "max_quantity": 24}
    jar = honey.variants[0].model_copy(update=sold)
    shop.catalog.items[1] = honey.model_copy(update={"variants": [jar]})
    page = await browser.get("/products/wild-thyme-honey")
    assert 'min="6" max="24" step="3" value="6"' in page.text
    assert "Sold from 6 units on, in steps of 3." in page.text
    assert 'data-testid="quantities"' not in (await browser.get(MUG)).text
    assert 'data-testid="purchase-limit"' not in page.text
    few = jar.model_copy(update={"purchase_limit": PurchaseLimit(units=12, days=30)})
    shop.catalog.items[1] = honey.model_copy(update={"variants": [few]})
    page = await browser.get("/products/wild-thyme-honey")
    assert 'min="6" max="12" step="3"' in page.text
    assert "12 per customer in 30 days" in page.text


async def test_what_is_sent_later_says_when(browser: Browser, shop: FakeShop) -> None:
    [honey] = [item for item in shop.catalog.items if item.title == "Wild thyme honey"]
    variant = honey.variants[0].id
    later = Availability(variant_id=variant, available=9, backorder="backorder")
    shop.inventory.beyond[variant] = later
    page = (await browser.get(f"/products/{honey.slug}")).text
    assert "On its way to us: sent later" in page
    assert 'data-testid="add-to-cart"' in page
    day = date(2030, 3, 1)
    shop.inventory.beyond[variant] = later.model_copy(
        update={"backorder": "preorder", "available_on": day}
    )
    assert "Pre-order: sent from 1 Mar" in (await browser.get(f"/products/{honey.slug}")).text

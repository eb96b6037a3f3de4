"""The data dictionary in the console: found by words, and drawn."""

import re
from itertools import pairwise

from bodega.contracts.dictionary import ColumnView, LineageStep
from bodega.web.console.dictionary import NothingLikeIt
from bodega.web.console.lineage_picture import MOST, picture_of
from tests.web.conftest import Browser
from tests.web.fake_dictionary import NET
from tests.web.shop import CUSTOMER, STAFF, FakeShop


async def test_tables_are_listed_by_layer_and_found_by_words(browser: Browser) -> None:
    await browser.sign_in(STAFF)
    page = (await browser.get("/console/dictionary")).text
    assert "/console/dictionary/tables/gold.fct_orders" in page
    assert "4,321" in page
    assert "personal" in page
    assert "&lt;b&gt;cancelled&lt;/b&gt;" in page
    assert "Nothing here yet" in (await browser.get("/console/dictionary?layer=bronze")).text
    found = (await browser.get("/console/dictionary?q=less+credited")).text
    assert f"/console/dictionary/columns/{NET}" in found
    assert "Nothing found" in (await browser.get("/console/dictionary?q=xyzzy")).text


async def test_a_table_tells_all_there_is_to_know(browser: Browser) -> None:
    await browser.sign_in(STAFF)
    page = (await browser.get("/console/dictionary/tables/gold.fct_orders")).text
    for said in ("one order", "insight@bodega.example", "Total less credited", "required"):
        assert said in page
    assert "Order total is the sum of its lines" in page
    assert "bodega query" in page
    assert "0 % empty, about 7,001 different, from 90 to 182300." in page
    assert 'href="/console/quality/gold.fct_orders"' in page
    plain = {"accept": "application/json"}
    missing = await browser.get("/console/dictionary/tables/gold.nothing", headers=plain)
    assert (missing.status_code, missing.json()["code"]) == (404, NothingLikeIt.code)


async def test_a_column_is_drawn_from_its_source_to_its_use(browser: Browser) -> None:
    await browser.sign_in(STAFF)
    page = (await browser.get(f"/console/dictionary/columns/{NET}")).text
    dots = re.findall(r'<circle class="lineage-dot layer-(\w+)"', page)
    assert dots == ["source", "bronze", "gold", "metric"]
    assert page.count('class="lineage-curve"') == 3
    missing = await browser.get("/console/dictionary/columns/gold.fct_orders.nothing")
    assert missing.status_code == 404


async def test_the_dictionary_is_for_staff_and_may_be_silent(
    shop: FakeShop, browser: Browser
) -> None:
    customer = Browser(shop)
    await customer.sign_in(CUSTOMER)
    assert (await customer.get("/console/dictionary")).status_code == 403
    await browser.sign_in(STAFF)
    shop.dictionary.down = True
    page = await browser.get("/console/dictionary")
    assert page.status_code == 200
    assert "does not answer" in page.text


async def test_a_long_lineage_is_cut_where_it_is_farthest(shop: FakeShop) -> None:
    seen = await shop.dictionary.column(name=NET)
    assert isinstance(seen, ColumnView)
    chain = [f"shop.t.c{n}" for n in range(MOST + 20)]
    seen.up = [LineageStep(column=NET, origin=chain[0], how="identity")]
    seen.up += [
        LineageStep(column=one, origin=other, how="identity") for one, other in pairwise(chain)
    ]
    seen.layers |= dict.fromkeys(chain, "source")
    seen.kinds |= dict.fromkeys(chain, "public")
    picture = picture_of(seen)
    assert len(picture.dots) == MOST
    assert picture.left_out == 22
    assert [dot.name for dot in picture.dots if dot.chosen] == [NET]
    heights = {dot.name: dot.y for dot in picture.dots}
    assert all(heights[s.origin] < heights[s.column] for s in seen.up if s.origin in heights)

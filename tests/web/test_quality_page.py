"""The room of data quality: what needs a look comes first, and admins drive dead rows again."""

import pytest

from bodega.web.console.quality import HEIGHT, WIDTH, spark
from tests.web.conftest import Browser
from tests.web.shop import ADMIN, STAFF, FakeShop

ROOM = "/console/quality"
DRIVE = "/console/quality/dead"


@pytest.fixture
async def staff(shop: FakeShop) -> Browser:
    browser = Browser(shop)
    await browser.sign_in(STAFF)
    return browser


@pytest.fixture
async def admin(shop: FakeShop) -> Browser:
    browser = Browser(shop)
    await browser.sign_in(ADMIN)
    return browser


async def test_what_needs_a_look_comes_first(staff: Browser) -> None:
    page = (await staff.get(ROOM)).text
    concerns = page[page.index('data-testid="concerns"') : page.index('id="dead"')]
    order = [concerns.index(f"gold.{name}") for name in ("fct_orders", "mart_daily_sales")]
    assert order == sorted(order)
    assert "connection refused" in concerns
    assert "21 min" in concerns
    assert "<strong>quid</strong>, expected [A-Z]{3}" in concerns
    assert "PSI 0.41" in concerns
    assert "dim_products" not in concerns
    assert '5 <span class="of">of 7</span>' in page
    assert page.count('class="spark"') == 4


async def test_dead_rows_are_shown_by_reason_and_without_the_person(staff: Browser) -> None:
    page = (await staff.get(ROOM)).text
    assert page.count('data-testid="dead-group"') == 1
    assert "price: not a decimal(12,2)" in page
    assert "B-1" in page
    assert DRIVE not in page, "staff look, admins drive"
    assert (await staff.post(DRIVE, {"id": "x", "why": "y"})).status_code == 403


async def sent(admin: Browser, **typed: object) -> object:
    hidden = await admin.fields("/console/quality/bronze.suppliers__prices", DRIVE)
    fields = {"field": ["sku", "price", "valid_from"], "was:sku": "B-1", "f:sku": "B-1"}
    fields |= {"was:price": "dear", "f:price": "dear", "was:valid_from": "", "f:valid_from": ""}
    kept = {name: hidden[name] for name in ("csrf_token", "command_id", "id")}
    return await admin.post(DRIVE, {**kept, **fields, "why": "typo", **typed})


async def test_an_admin_mends_a_value_and_drives_the_row_again(
    admin: Browser, shop: FakeShop
) -> None:
    answer = await sent(admin, **{"f:price": "12.50"})
    assert answer.status_code == 303
    ids, edits, by, why, drop = shop.quality.driven[0]
    assert (ids, edits) == (["suppliers__prices:179501-2"], {"price": "12.50"})
    assert (by.partition(":")[0], why, drop) == ("admin", "typo", False)
    assert "Driven again" in (await admin.get(ROOM)).text


async def test_a_row_that_is_still_not_fit_says_why(admin: Browser) -> None:
    answer = await sent(admin, **{"f:price": "cheap"})
    assert answer.status_code == 400
    assert "price: not a decimal(12,2)" in answer.text


async def test_a_row_is_given_up_with_a_reason_only(admin: Browser, shop: FakeShop) -> None:
    assert "Say why" in (await sent(admin, why="", drop="yes")).text
    assert shop.quality.driven == []
    assert (await sent(admin, drop="yes")).status_code == 303
    assert shop.quality.driven[0][-1] is True


async def test_a_form_from_elsewhere_drives_nothing(admin: Browser, shop: FakeShop) -> None:
    assert (await admin.post(DRIVE, {"id": "x", "why": "y"})).status_code == 403
    assert shop.quality.driven == []


async def test_a_table_tells_its_checks_columns_and_last_load(staff: Browser) -> None:
    page = (await staff.get(f"{ROOM}/gold.fct_orders")).text
    assert "currency pattern" in page
    assert "8,100" in page
    assert "31984512" in page
    assert (await staff.get(f"{ROOM}/gold.nothing")).status_code == 404


async def test_a_lake_that_is_away_is_a_sentence(staff: Browser, shop: FakeShop) -> None:
    shop.quality.down = True
    page = await staff.get(ROOM)
    assert page.status_code == 200
    assert "does not answer" in page.text


@pytest.mark.parametrize("values", [[5, 5], [0, 10**12, 3], [7, -7, 0, 1]], ids=str)
def test_a_trend_stays_in_its_box(values: list[int]) -> None:
    points = [tuple(map(float, point.split(","))) for point in spark(values).split()]
    assert len(points) == len(values)
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
    assert points[-1][0] == WIDTH - 2
    assert spark([3]) == ""

"""The console: the numbers, how fresh they are, and a page even when nobody answers."""

from datetime import date, timedelta

import pytest

from bodega.contracts.metrics import DailySales
from bodega.web.console.chart import BOTTOM, HEIGHT, TOP, bars_of, nice_step
from bodega.web.console.todo import Todo
from tests.web.conftest import Browser
from tests.web.fake_serving import FakeLag, figures
from tests.web.shop import STAFF, FakeShop


@pytest.fixture
async def staff(shop: FakeShop) -> Browser:
    browser = Browser(shop)
    await browser.sign_in(STAFF)
    return browser


async def test_the_console_shows_the_shop_in_numbers(staff: Browser, shop: FakeShop) -> None:
    page = await staff.get("/console")
    assert page.status_code == 200
    assert 'id="orders-today">37</dd>' in page.text
    assert "Numbers as of 3 s ago" in page.text
    assert page.text.count('<rect class="chart-bar') == 30
    assert "search.index" in page.text
    assert "319,845" in page.text


async def test_what_waits_for_staff_is_a_click_away(staff: Browser, shop: FakeShop) -> None:
    assert "Nothing waits for you." in (await staff.get("/console")).text
    shop.todo = [
        Todo(1, "return to decide", "returns to decide", "/console/returns?status=requested"),
        Todo(21, "variant runs low", "variants run low", "/console/stock"),
    ]
    page = (await staff.get("/console")).text
    assert '<a href="/console/returns?status=requested">1 return to decide</a>' in page
    assert "20+ variants run low" in page


async def test_the_numbers_come_as_json_too(staff: Browser, shop: FakeShop) -> None:
    seen = (await staff.get("/console/overview.json")).json()
    assert seen["today"]["orders"] == 37
    assert seen["texts"]["orders-today"] == "37"
    assert seen["state"] == "ok"
    assert len(seen["by_day"]) == 30


async def test_the_version_moves_with_the_numbers_only(staff: Browser, shop: FakeShop) -> None:
    async def version() -> str:
        return (await staff.get("/console/overview.json")).json()["version"]

    before = await version()
    shop.freshness.checked_at += timedelta(seconds=2)
    assert await version() == before
    shop.metrics.orders_today += 1
    assert await version() != before
    assert f'data-version="{await version()}"' in (await staff.get("/console")).text


@pytest.mark.parametrize(
    ("metrics_down", "freshness_down"), [(True, False), (False, True), (True, True)]
)
async def test_a_serving_process_that_is_away_is_a_note(
    staff: Browser, shop: FakeShop, metrics_down: bool, freshness_down: bool
) -> None:
    shop.metrics.down, shop.freshness.down = metrics_down, freshness_down
    page = await staff.get("/console")
    assert page.status_code == 200
    assert "does not answer" in page.text
    assert "search.index" in page.text
    assert (await staff.get("/console/overview.json")).json()["state"] == "unavailable"


async def test_late_and_empty_numbers_are_said(staff: Browser, shop: FakeShop) -> None:
    shop.freshness.state = "late"
    assert "pipelines are behind" in (await staff.get("/console")).text
    shop.freshness.state = "empty"
    assert "No numbers yet" in (await staff.get("/console")).text


async def test_a_consumer_with_dead_events_stands_out(staff: Browser, shop: FakeShop) -> None:
    shop.lag[:] = [FakeLag("mail.send", lag=3, parked=1, dead=1)]
    assert "needs a look" in (await staff.get("/console")).text


def days(*nets: int) -> list[DailySales]:
    start = date(2026, 3, 1)
    return [
        DailySales(day=start + timedelta(days=i), figures=figures(1, max(net, 0), max(-net, 0)))
        for i, net in enumerate(nets)
    ]


@pytest.mark.parametrize(
    "nets", [(0,), (1,), (0, 0, 0), (-5, 3), (-7,), (10**15, -(10**15)), (3,) * 90]
)
def test_every_bar_stays_inside_the_chart(nets: tuple[int, ...]) -> None:
    chart = bars_of(days(*nets), currency="GBP")
    for bar, net in zip(chart.bars, nets, strict=True):
        assert bar.height >= 0
        assert bar.y >= TOP - 0.1
        assert bar.y + bar.height <= HEIGHT - BOTTOM + 0.1
        assert (bar.y == chart.baseline) == (net <= 0)
    assert chart.bars[-1].labelled
    assert 2 <= len(chart.lines) <= 8
    assert 0 in [line.value.amount for line in chart.lines]


@pytest.mark.parametrize(("highest", "step"), [(0, 1), (7, 2), (100, 25), (1_430, 500), (401, 200)])
def test_lines_stand_at_round_distances(highest: int, step: int) -> None:
    assert nice_step(highest, 0) == step

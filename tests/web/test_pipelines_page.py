"""The room of the pipelines: trouble first, runs with their durations, a run with its steps."""

from datetime import timedelta

import pytest

from bodega.contracts.pipelines import RunView
from bodega.web.console.pipelines import HEIGHT, WIDTH, bars_of
from tests.web.conftest import Browser
from tests.web.fakes import NOW
from tests.web.shop import STAFF, FakeShop


@pytest.fixture
async def staff(browser: Browser) -> Browser:
    await browser.sign_in(STAFF)
    return browser


async def test_trouble_comes_first_then_runs_and_what_is_over(staff: Browser) -> None:
    page = (await staff.get("/console/pipelines")).text
    assert page.index("Needs somebody") < page.index("How long the last 2 took")
    assert "order_total: Got 3 results" in page
    assert "12,345" in page
    assert page.index("Was wrong, is over") < page.index("fx cannot be read")
    assert page.count("<rect") == 2
    assert "Nothing has run yet" in (await staff.get("/console/pipelines?kind=source")).text


async def test_a_run_shows_its_steps_the_failing_one_and_what_it_said(staff: Browser) -> None:
    page = (await staff.get("/console/pipelines/run-1")).text
    assert "order_total" in page
    assert "Got 3 results" in page
    assert "select 1 &lt; 2" in page
    assert (await staff.get("/console/pipelines/run-9")).status_code == 404


async def test_nobody_answering_is_a_note(staff: Browser, shop: FakeShop) -> None:
    shop.pipelines.down = True
    page = await staff.get("/console/pipelines")
    assert page.status_code == 200
    assert "does not answer" in page.text


async def test_it_is_for_staff(browser: Browser) -> None:
    assert (await browser.get("/console/pipelines")).status_code in (303, 401, 403)


@pytest.mark.parametrize("seconds", [(), (0.0,), (None, 3.0), (1.0,) * 60], ids=len)
def test_every_bar_stays_inside_the_picture(seconds: tuple[float | None, ...]) -> None:
    runs = [
        RunView(
            id=str(n), kind="refresh", name="gold", trigger="loop", state="succeeded",
            started_at=NOW - timedelta(minutes=n), seconds=took,
        )
        for n, took in enumerate(seconds)
    ]  # fmt: skip
    for bar in bars_of(runs):
        assert 0 <= bar.x <= bar.x + bar.width <= WIDTH
        assert 0 <= bar.y < HEIGHT == bar.y + bar.height

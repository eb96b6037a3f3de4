"""`kill -9` before and after every step, every undo and every commit of a checkout: another process
finds it, and brings it to a placed order or to nothing at all."""

import asyncio
import os
import random
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.payments.service.reconcile import reconcile
from bodega.kernel.clock import FixedClock
from bodega.kernel.ids import VariantId
from tests.commerce.checkout.shops import DECLINED, rows
from tests.commerce.checkout.victims import Errand, Sweep, Way, run
from tests.kit.books import ALWAYS, SETTLED, broken
from tests.kit.doors import Doors, key
from tests.kit.goods import filled_cart, stocked
from tests.kit.provider import RunningProvider, running_provider

SOAK = bool(os.environ.get("BODEGA_SOAK"))
ASKS = "pm_card_authenticationRequired"
KILLED = -signal.SIGKILL
AT_ONCE = 4
SWEEPS = 20 if SOAK else 2
# Each way, and the first point on which it goes otherwise than those before it.
WAYS = {
    "accepted": (Way(), "before redeem"),
    "declined": (Way(token=DECLINED, placed=False), "after authorise"),
    "the bank agrees": (Way(token=ASKS), "before extend"),
    "the bank refuses": (Way(token=ASKS, bank="fail", placed=False), "before cancel"),
    "review accepts": (Way(fraud="review"), "after place"),
    "review refuses": (Way(fraud="review", accepted=False, placed=False), "before cancel"),
    "refused at once": (Way(fraud="refuse", placed=False), "before cancel"),
}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningProvider]:
    """A provider that has heard of nothing else, for its list is compared with ours."""
    with running_provider(tmp_path) as provider:
        yield provider


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Sweep after sweep dies here, each at a later hour: a buyer has patience for all of them."""
    return settings.model_copy(update={"checkout_buyer_minutes": 24 * 60})


@pytest.fixture
async def variant(context: Context, doors: Doors) -> VariantId:
    """Goods that a promotion with a limit is on, so that it is counted and given back."""
    staff = await doors.staff(await doors.admin())
    await promote(staff)
    return await stocked(context, 500)


async def promote(staff: httpx.AsyncClient) -> None:
    tenth = {"title": "Opening week", "kind": "percentage", "percent": 10, "automatic": True,
             "total_limit": 500}  # fmt: skip
    made = await staff.post("/api/v1/admin/promotions", json=tenth, headers=key())
    assert made.status_code == 201, made.text


async def lives(settings: Settings, *errands: Errand | Sweep) -> list[tuple[int | None, list[str]]]:
    ended = []
    for start in range(0, len(errands), AT_ONCE):
        ended += await asyncio.to_thread(run, settings, *errands[start : start + AT_ONCE])
    return ended


def deaths_of(points: list[str], since: str) -> list[int]:
    """On both sides of every step and undo that is new in this way; `make soak`: at every point of
    it, those of its commits among them."""
    first = 0 if SOAK else points.index(since)
    return [
        number
        for number, point in enumerate(points, start=1)
        if SOAK or (number > first and not point.endswith("commit"))
    ]


@pytest.mark.parametrize("name", WAYS)
async def test_a_checkout_killed_anywhere_is_placed_or_undone(
    settings: Settings, context: Context, variant: VariantId, name: str
) -> None:
    way, since = WAYS[name]

    async def errand(dies_at: int = 0) -> Errand:
        return Errand(way, await filled_cart(context, variant), dies_at=dies_at)

    whole = await errand()
    [(lived, points)] = await lives(settings, whole)
    assert lived == 0
    cut = [await errand(number) for number in deaths_of(points, since)]
    deaths = await lives(settings, *cut)
    assert [code for code, _ in deaths] == [KILLED] * len(cut), points

    chance = random.Random(name)
    sweeps = [Sweep(cut, number, dies_at=chance.randint(1, 60)) for number in range(1, SWEEPS + 1)]
    for sweep in sweeps:
        await lives(settings, sweep)
    [(lived, _)] = await lives(settings, Sweep(cut, SWEEPS + 1))
    assert lived == 0

    assert broken(settings.dsn, ALWAYS, SETTLED) == {}
    ends = dict(rows(settings, "SELECT id, state FROM checkout.checkouts"))
    begun = [one for one in (whole, *cut) if one.checkout in ends]
    assert len(cut) - len(begun) < 3, "only who died before the first commit left nothing"
    assert {ends[one.checkout] for one in begun} == {"completed" if way.placed else "failed"}
    await the_provider_agrees(context)


async def the_provider_agrees(context: Context) -> None:
    now = datetime.now(UTC)
    later = replace(context, clock=FixedClock(now + timedelta(hours=1)))
    report = await reconcile(later, since=now - timedelta(hours=1), until=now, fees="book")
    assert report.differences == []

"""Processes that bring a checkout through and are killed on the way: SIGKILL, no last words.

They are forked from a server that has imported the shop once and opened nothing, so that a death
costs a fork, not a start.
"""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Literal

import httpx

from bodega.apps.compose import compose
from bodega.backbone.db import UnitOfWork
from bodega.backbone.settings import Settings
from bodega.commerce.checkout.service import CheckoutService
from bodega.contracts.checkout import CheckoutView
from bodega.contracts.fraud import FraudDecision
from bodega.kernel.clock import FixedClock
from bodega.kernel.ids import CartId, CheckoutId, UserId, new_id
from tests.commerce.checkout.crashes import Doom, Scorer, mortal
from tests.kit.goods import purchase

LAPSE = timedelta(minutes=6)
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__])
NOWHERE = Settings(
    _env_file=None, database_url="postgresql://nowhere/x", valkey_url="redis://nowhere"
)
compose(NOWHERE)  # opens nothing, and what is built but once is built before the forks
for late in ("aiohttp", "anyio._backends._asyncio", "httpcore"):
    import_module(late)  # imported at first use: each fork would do so anew


@dataclass(frozen=True, slots=True)
class Way:
    """What buyer, bank, model and staff do about a purchase, and whether it is placed then."""

    token: str = "pm_card_visa"
    fraud: FraudDecision = "accept"
    bank: Literal["authorise", "fail"] = "authorise"
    accepted: bool = True
    placed: bool = True


@dataclass(frozen=True, slots=True)
class Errand:
    """One purchase to bring through; its process dies at its `dies_at`-th point (0: never)."""

    way: Way
    cart: CartId
    checkout: CheckoutId = field(default_factory=lambda: CheckoutId(new_id()))
    dies_at: int = 0


class Reaper(Doom):
    """Kills this very process at a point, as the kernel would for lack of memory."""

    def __init__(self, dies_at: int) -> None:
        super().__init__()
        self.dies_at = dies_at
        self.points: list[str] = []

    def point(self, name: str) -> None:
        self.points.append(name)
        if len(self.points) == self.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch_commits(self) -> None:
        """A point on each side of every commit as well."""
        commit = UnitOfWork.commit

        async def watched(uow: UnitOfWork) -> None:
            self.point("before a commit")
            await commit(uow)
            self.point("after a commit")

        UnitOfWork.commit = watched  # type: ignore[method-assign]


def bring_through(settings: Settings, errand: Errand, told: Connection) -> None:
    """The whole life of a process that checks out; the points it passed, if it lives to tell."""
    reaper = Reaper(errand.dies_at)

    async def work(till: CheckoutService) -> None:
        request = purchase(errand.cart, token=errand.way.token, return_url="https://shop.test/back")
        reaper.watch_commits()
        view = await till.submit(checkout_id=errand.checkout, request=request, customer_id=None)
        await _go_on(till, errand.way, view)

    _process(settings, reaper, errand.way.fraud, timedelta(), work)
    told.send(reaper.points)


@dataclass(frozen=True, slots=True)
class Sweep:
    """A process that comes up when leases have lapsed (the `number`-th such) and finishes what it
    finds; buyers, banks and staff do their part."""

    errands: Sequence[Errand]
    number: int = 1
    dies_at: int = 0


def take_over(settings: Settings, sweep: Sweep, told: Connection) -> None:
    """The whole life of such a process."""
    reaper = Reaper(sweep.dies_at)

    async def work(till: CheckoutService) -> None:
        reaper.watch_commits()
        await till.resume()
        for errand in sweep.errands:
            view = await till.checkout(errand.checkout)
            if view is not None:
                await _go_on(till, errand.way, view)

    _process(settings, reaper, "refuse", LAPSE * sweep.number, work)
    told.send(reaper.points)


async def _go_on(till: CheckoutService, way: Way, view: CheckoutView) -> None:
    if view.waiting_for == "buyer":
        assert view.action_url is not None
        async with httpx.AsyncClient() as browser:
            await browser.post(view.action_url, data={"outcome": way.bank})
        proceeded = await till.proceed(view.id)
        assert proceeded is not None
        view = proceeded
    if view.waiting_for == "review":
        await till.review(view.id, accept=way.accepted, reviewer=UserId(new_id()), note="Called")


def _process(
    settings: Settings,
    reaper: Reaper,
    fraud: FraudDecision,
    after: timedelta,
    work: Callable[[CheckoutService], Awaitable[None]],
) -> None:
    async def run() -> None:
        shop = compose(settings)
        clock = FixedClock(datetime.now(UTC) + after)
        try:
            await work(CheckoutService(mortal(shop.context, reaper, clock, Scorer(fraud))))
        finally:
            await shop.close()

    asyncio.run(run())


def run(settings: Settings, *lives: Errand | Sweep) -> list[tuple[int | None, list[str]]]:
    """Each in a process of its own, all at once: their exit codes, and the points they passed."""
    begun = []
    for life in lives:
        hears, tells = FORKS.Pipe(duplex=False)
        target = bring_through if isinstance(life, Errand) else take_over
        process = FORKS.Process(target=target, args=(settings, life, tells))
        process.start()
        tells.close()
        begun.append((process, hears))
    ended = []
    for process, hears in begun:
        process.join(60)
        try:
            points: list[str] = hears.recv()
        except EOFError:
            points = []
        ended.append((process.exitcode, points))
        hears.close()
        process.close()
    return ended

"""The loop refreshes when bronze moved, rests when not, and survives its child."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from bodega.data.lake.published import read_published
from bodega.data.pipelines.child import Child, ChildFailed
from bodega.data.pipelines.days import Days
from bodega.data.pipelines.loop import Loop
from bodega.data.pipelines.owner import (
    BuildLate,
    BuildRequest,
    Desk,
    WarehouseOwned,
    is_owned,
    ownership,
)
from bodega.data.pipelines.refresh import Outcome
from bodega.data.pipelines.status import read_status
from bodega.data.pipelines.warehouse import Warehouse, WarehouseBusy
from tests.data.bronze import Source, order, order_line, product
from tests.data.conftest import Refresh


class InProcess:
    """Refreshes here, counting; the first `failing` calls die as a child would."""

    def __init__(self, refreshed: Refresh, failing: int = 0) -> None:
        self.refreshed, self.failing, self.calls = refreshed, failing, 0

    def refresh(
        self,
        *,
        full: bool = False,
        upto: int | None = None,
        days: Days | None = None,
        trigger: str = "loop",
    ) -> Outcome:
        self.calls += 1
        if self.calls <= self.failing:
            raise ChildFailed("it ended without an answer")
        return self.refreshed(full=full, upto=upto, days=days)


def test_the_loop_refreshes_once_for_what_moved(
    lake: Path, source: Source, refreshed: Refresh
) -> None:
    refresher = InProcess(refreshed)
    told: list[Outcome] = []
    loop = Loop(lake, refresher, after=told.append)
    source.commit(product("p1"))
    source.flush()

    first = loop.step()
    assert first is not None
    assert first.state == "published"
    assert loop.step() is None
    assert refresher.calls == 1
    assert [outcome.state for outcome in told] == ["published"]
    status = read_status(lake)
    assert status.checked_at is not None
    assert [run.state for run in status.runs] == ["published"]


class Slow:
    """Refreshes that are said to have taken `seconds`."""

    def __init__(self, seconds: float, *, full: bool = False) -> None:
        self.seconds, self.full, self.calls = seconds, full, 0

    def refresh(self, **_: object) -> Outcome:
        self.calls += 1
        return Outcome.nothing().model_copy(
            update={"state": "published", "seconds": self.seconds, "full": self.full}
        )


@pytest.mark.parametrize(("share", "seconds", "calls"), [(25, 2.0, 1), (100, 2.0, 2), (25, 0.0, 2)])
def test_changes_that_keep_coming_wait_in_proportion_to_what_a_refresh_takes(
    lake: Path, source: Source, share: int, seconds: float, calls: int
) -> None:
    refresher = Slow(seconds)
    loop = Loop(lake, refresher, share=share)
    for product_id in ("p1", "p2"):
        source.commit(product(product_id))
        source.flush()
        loop.step()
    assert refresher.calls == calls
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(Desk(lake).ask, BuildRequest())
        while not asked.done():
            loop.step()
    assert refresher.calls == calls + 1, "who asks for a build does not wait"


@pytest.mark.parametrize(("seconds", "rest"), [(1.0, 3.0), (6.0, 18.0), (8.0, 20.0), (24.0, 24.0)])
def test_a_rest_is_not_longer_than_twenty_seconds_or_than_the_work(
    lake: Path, source: Source, monkeypatch: pytest.MonkeyPatch, seconds: float, rest: float
) -> None:
    now = 1000.0
    monkeypatch.setattr("bodega.data.pipelines.loop.time.monotonic", lambda: now)
    refresher = Slow(seconds)
    loop = Loop(lake, refresher, share=25)
    for id, later, calls in (("p1", 0.0, 1), ("p2", rest - 0.1, 1), ("p3", 0.2, 2)):
        now += later
        source.commit(product(id))
        source.flush()
        loop.step()
        assert refresher.calls == calls


def test_the_first_build_earns_no_rest(lake: Path, source: Source) -> None:
    refresher = Slow(20.0, full=True)
    loop = Loop(lake, refresher, share=25)
    for product_id in ("p1", "p2"):
        source.commit(product(product_id))
        source.flush()
        loop.step()
    assert refresher.calls == 2


@pytest.mark.parametrize("unknown", [None, -1])
def test_nothing_is_published_before_the_first_copy_is_whole(
    lake: Path, source: Source, refreshed: Refresh, unknown: int | None
) -> None:
    source.commit(product("p1"))
    source.flush()
    refresher = InProcess(refreshed)
    assert Loop(lake, refresher, complete=lambda: unknown).step() is None
    assert refresher.calls == 0


def test_the_loop_waits_until_bronze_is_complete(
    lake: Path, source: Source, refreshed: Refresh
) -> None:
    complete = source.commit(product("p1"))
    later = source.commit(product("p2"))
    source.flush()
    loop = Loop(lake, InProcess(refreshed), complete=lambda: complete)
    loop.step()
    assert read_published(lake).tables["dim_products"].rows == 1
    complete = later
    loop.step()
    assert read_published(lake).tables["dim_products"].rows == 2


def test_a_failed_refresh_is_tried_again_later_and_the_readers_lose_nothing(
    lake: Path, source: Source, refreshed: Refresh
) -> None:
    refresher = InProcess(refreshed, failing=1)
    loop = Loop(lake, refresher)
    source.commit(product("p1"))
    source.flush()
    assert loop.step() is None
    assert loop.step() is None
    assert refresher.calls == 1, "it is not tried again at once"
    deadline = time.monotonic() + 5
    while loop.step() is None:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert read_published(lake).tables["dim_products"].rows == 1


class Refusing:
    """Checks refuse what is built."""

    def __init__(self) -> None:
        self.calls = 0

    def refresh(self, **_: object) -> Outcome:
        self.calls += 1
        return Outcome.nothing().model_copy(
            update={"state": "blocked", "failures": ["a check"], "run_id": "r"}
        )


def test_what_a_check_refused_is_tried_again_as_soon_as_there_is_more(
    lake: Path, source: Source
) -> None:
    refresher = Refusing()
    loop = Loop(lake, refresher)
    for calls, product_id in enumerate(("p1", "p2", "p3"), start=1):
        source.commit(product(product_id))
        source.flush()
        for _ in range(2):
            loop.step()
            assert refresher.calls == calls, "without news it waits"


def test_a_build_asked_for_on_the_desk_is_done_by_the_loop(
    lake: Path, source: Source, refreshed: Refresh
) -> None:
    source.commit(product("p1"))
    source.flush()
    loop, stop = Loop(lake, InProcess(refreshed)), threading.Event()
    thread = threading.Thread(target=loop.run, args=(stop,))
    thread.start()
    try:
        answer = Desk(lake).ask(BuildRequest(full=True), timeout_seconds=60)
    finally:
        stop.set()
        thread.join()
    assert answer.outcome is not None
    assert answer.outcome.full
    assert list((lake / "requests").iterdir()) == []


def test_a_request_that_nobody_answers_is_late_and_taken_back(lake: Path) -> None:
    with pytest.raises(BuildLate):
        Desk(lake).ask(BuildRequest(full=True), timeout_seconds=0.1)
    assert list((lake / "requests").iterdir()) == []


def test_a_warehouse_in_another_process_hands_is_busy(lake: Path) -> None:
    warehouse = Warehouse(lake)
    with warehouse.open():
        pass
    hold = f"import duckdb; c = duckdb.connect({str(warehouse.path)!r}); print(1, flush=True)"
    with subprocess.Popen(
        [sys.executable, "-c", f"{hold}; input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(WarehouseBusy), warehouse.open():
            pass


def test_a_lake_has_one_owner(lake: Path) -> None:
    with ownership(lake):
        assert is_owned(lake)
        with pytest.raises(WarehouseOwned), ownership(lake):
            pass
    assert not is_owned(lake)


@pytest.fixture
def child(lake: Path, refreshed: Refresh) -> Iterator[Child]:
    child = Child(lake, memory_mb=512, runs=3)
    yield child
    child.close()


def test_the_child_refreshes_is_recycled_and_survives_a_kill(
    lake: Path, source: Source, child: Child
) -> None:
    source.commit(order("o1", number=1, total=250), order_line("l1", "o1"))
    source.flush()
    assert child.refresh().state == "published"
    first = child.pid
    assert child.refresh().state == "nothing"
    assert child.refresh().state == "nothing"
    assert child.recycled == 1
    assert child.pid != first

    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    with suppress(ChildFailed):  # or its death was noticed before it was asked
        child.refresh()
    assert child.refresh().state == "nothing"


def test_a_child_killed_in_the_middle_of_a_refresh_leaves_a_lake_that_the_next_one_finishes(
    lake: Path, source: Source, child: Child
) -> None:
    child.refresh()
    source.commit(order("o1", number=1, total=250), order_line("l1", "o1"))
    source.flush()
    killer = threading.Timer(0.6, child.kill)
    killer.start()
    with suppress(ChildFailed):
        child.refresh()
    killer.join()
    assert child.refresh().state != "blocked"
    found = {name: table.prints for name, table in read_published(lake).tables.items()}
    assert read_published(lake).tables["fct_orders"].rows == 1
    assert child.refresh(full=True).written == {}
    assert {name: t.prints for name, t in read_published(lake).tables.items()} == found

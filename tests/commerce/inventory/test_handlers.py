"""What inventory does by itself: nothing that decides about stock."""

from datetime import timedelta

from bodega.commerce.inventory.jobs import JOBS
from tests.commerce.inventory.store import HOLD, Store, checkout


async def test_lapsed_and_ended_holds_are_forgotten_a_day_later(store: Store) -> None:
    mug = await store.receive(9)
    lapsed, alive = checkout(), checkout()
    await store.reserve({mug: 1}, lapsed)
    [tidy] = [job for job in JOBS if job.name == "inventory.tidy_holds"]
    store.clock.at += HOLD + timedelta(hours=1)
    await tidy.run(store.context)
    assert await store.allocate(lapsed)
    stale = checkout()
    await store.reserve({mug: 1}, stale)
    store.clock.at += timedelta(days=2)
    await store.reserve({mug: 1}, alive)
    await tidy.run(store.context)
    assert not await store.allocate(stale)
    assert await store.allocate(alive)

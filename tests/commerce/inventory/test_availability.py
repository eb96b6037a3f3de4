"""What pages are shown: seconds old at most, forgotten when stock moves."""

from dataclasses import replace

import pytest
from redis.asyncio import Redis

from bodega.backbone.module import Context
from bodega.commerce.inventory.handlers import HANDLERS
from bodega.contracts.inventory import Availability, StockChanged
from bodega.kernel.ids import VariantId, new_id
from tests.commerce.inventory.store import Store


@pytest.fixture
def cached(context: Context) -> Store:
    settings = context.settings.model_copy(update={"inventory_cache_seconds": 60.0})
    return Store(replace(context, settings=settings))


async def shown(store: Store, variant: VariantId) -> Availability:
    return (await store.service.shown([variant]))[variant]


async def test_unknown_variants_have_nothing(store: Store) -> None:
    stranger = VariantId(new_id())
    assert await shown(store, stranger) == Availability(variant_id=stranger)


async def test_what_comes_later_is_told_from_what_is_there(store: Store) -> None:
    mug = await store.receive(2)
    store.allow(mug, 3)
    known = await shown(store, mug)
    assert (known.available, known.in_stock, known.backorder) == (5, 2, "backorder")
    store.allow(mug, 3, until="2026-12-01")
    known = await shown(store, mug)
    assert (known.backorder, str(known.available_on)) == ("preorder", "2026-12-01")


async def test_pages_see_the_cache_and_checkout_the_truth(cached: Store) -> None:
    mug = await cached.receive(2)
    assert (await shown(cached, mug)).available == 2
    await cached.sell({mug: 2})
    assert (await shown(cached, mug)).available == 2
    assert await cached.service.available([mug]) == {mug: 0}


async def test_an_event_makes_pages_look_again(cached: Store) -> None:
    mug = await cached.receive(2)
    assert (await shown(cached, mug)).available == 2
    await cached.receive(3, mug)
    [handler] = HANDLERS
    moved = StockChanged(variant_id=mug, quantity=3, reason="received")
    async with cached.context.database.work() as uow:
        await handler.react(cached.context, uow, None, moved)  # type: ignore[arg-type]
    assert (await shown(cached, mug)).available == 5


async def test_without_valkey_pages_ask_the_database(
    cached: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = Redis(host="127.0.0.1", port=1)
    monkeypatch.setattr(cached.context.cache, "client", nobody)
    mug = await cached.receive(2)
    assert (await shown(cached, mug)).available == 2
    await nobody.aclose()

"""Kept configuration is read again once it is old, and never kept when told so."""

import asyncio

from bodega.backbone.kept import Kept


class Source:
    def __init__(self) -> None:
        self.reads = 0

    async def read(self) -> int:
        self.reads += 1
        return self.reads


async def test_it_is_read_once_while_it_is_fresh() -> None:
    source, kept = Source(), Kept[str, int](60)
    assert [await kept.get("GB", source.read) for _ in range(3)] == [1, 1, 1]
    assert await kept.get("DE", source.read) == 2


async def test_it_is_never_older_than_told() -> None:
    source, kept = Source(), Kept[str, int](0.02)
    assert await kept.get("GB", source.read) == 1
    await asyncio.sleep(0.03)
    assert await kept.get("GB", source.read) == 2


async def test_zero_keeps_nothing() -> None:
    source, kept = Source(), Kept[str, int](0)
    assert [await kept.get("GB", source.read) for _ in range(2)] == [1, 2]

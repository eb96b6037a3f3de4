"""What an operator does with exchange rates without signing in."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from bodega.apps.compose import compose
from bodega.backbone.settings import Settings
from bodega.commerce.pricing.adapters.ecb import SOURCE, read_rates
from bodega.commerce.pricing.errors import RatesMalformed
from bodega.commerce.pricing.service import rates as service
from bodega.contracts.pricing import Rate, Rates
from bodega.kernel.commands import Command
from bodega.kernel.ids import CommandId, derived_id
from bodega.kernel.money import exponent

if TYPE_CHECKING:
    from bodega.data.ingest.sources.contract import Stream


_FED = UUID("0f5b6a8e-53a1-4a7f-9a2e-9f5d7c1b8e11")


class Imported(NamedTuple):
    read: int
    days: int
    changed: int


async def import_file(settings: Settings, file: Path, *, base: str, source: str) -> Imported:
    """All of the file or nothing. Raises RatesMalformed, Invalid."""
    exponent(base)
    found = _read(file, base=base, source=source or SOURCE)
    shop = compose(settings)
    try:
        async with shop.context.database.work(actor="operator") as uow:
            changed = await service.put_rates(uow, rates=found)
    finally:
        await shop.close()
    return Imported(len(found), len({rate.day for rate in found}), changed)


def _read(file: Path, *, base: str, source: str) -> list[Rate]:
    try:
        with file.open(newline="", encoding="utf-8-sig") as lines:
            return list(read_rates(lines, base=base, source=source))
    except UnicodeDecodeError as error:
        raise RatesMalformed("The file is not text in UTF-8") from error


async def rate(settings: Settings, base: str, quote: str, at: datetime | None) -> Rate:
    """Raises RateNotFound, Invalid."""
    shop = compose(settings)
    try:
        return await shop.context.container.get(Rates).rate(base, quote, at=at)
    finally:
        await shop.close()


def feed_rates(settings: Settings, source: str, stream: "Stream") -> int:
    """Rates that a source has read into the lake since the last time, into the shop: how many
    were new or changed. Raises what the shop's database raises; then the next time takes them."""
    from bodega.data.ingest.sources.known.ecb import rates_since
    from bodega.data.lake.storage import LakeRoot

    found = rates_since(LakeRoot.of(settings), source, stream)
    named = CommandId(derived_id(_FED, f"{source}:{found.position}"))
    command = Command(named, f"source:{source}")
    changed = asyncio.run(_put(settings, command, found.rates)) if found.rates else 0
    found.remember()
    return changed


async def _put(settings: Settings, command: Command, rates: list[Rate]) -> int:
    shop = compose(settings)
    try:
        return await shop.context.container.get(Rates).put(command, rates)
    finally:
        await shop.close()

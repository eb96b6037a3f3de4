"""What an operator does with exchange rates without signing in."""

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from bodega.apps.compose import compose
from bodega.backbone.settings import Settings
from bodega.commerce.pricing.adapters.ecb import SOURCE, read_rates
from bodega.commerce.pricing.errors import RatesMalformed
from bodega.commerce.pricing.service import rates as service
from bodega.contracts.pricing import Rate, Rates
from bodega.kernel.money import exponent


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

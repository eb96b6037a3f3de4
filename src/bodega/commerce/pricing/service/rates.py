"""Exchange rates: kept by day, read as of an instant."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from bodega.backbone.db import UnitOfWork
from bodega.backbone.desk import Desk
from bodega.commerce.pricing.domain.exchange import between
from bodega.commerce.pricing.errors import RateNotFound
from bodega.commerce.pricing.repository import rates as repository
from bodega.contracts.pricing import Rate
from bodega.kernel.commands import Command
from bodega.kernel.errors import Invalid
from bodega.kernel.money import Money, exponent
from bodega.kernel.page import NOT_OURS, Page, PageRequest, encode_cursor

_AT_ONCE = 5000


async def put_rates(uow: UnitOfWork, *, rates: Sequence[Rate]) -> int:
    """How many are new or differ from what was known."""
    changed = 0
    for start in range(0, len(rates), _AT_ONCE):
        changed += await repository.put_rates(uow.connection, rates[start : start + _AT_ONCE])
    return changed


async def list_rates(uow: UnitOfWork, *, base: str | None, page: PageRequest) -> Page[Rate]:
    """Newest first."""
    found = await repository.list_rates(
        uow.connection, base=base, after=_after(page), limit=page.limit + 1
    )
    shown = found[: page.limit]
    if len(found) <= page.limit:
        return Page(items=shown)
    last = shown[-1]
    return Page(items=shown, next_cursor=encode_cursor(last.day, last.base, last.quote))


def _after(page: PageRequest) -> tuple[date, str, str] | None:
    key = page.after()
    if key is None:
        return None
    try:
        day, base, quote = key
        return date.fromisoformat(day), base, quote
    except ValueError as error:
        raise Invalid(NOT_OURS) from error


class RatesService(Desk):
    """Answers `bodega.contracts.pricing.Rates`."""

    async def rate(self, base: str, quote: str, *, at: datetime | None = None) -> Rate:
        exponent(base), exponent(quote)
        day = (at or self._clock.now()).date()
        if base == quote:
            return Rate(base=base, quote=quote, rate=Decimal(1), day=day, source="identity")
        async with self._database.reading() as connection:
            known = await repository.newest(connection, base=base, quote=quote, day=day)
        found = between(known, base, quote)
        if found is None:
            raise RateNotFound(f"There is no rate from {base} to {quote} on or before {day}")
        return found

    async def convert(self, money: Money, to: str, *, at: datetime | None = None) -> Money:
        if money.currency == to:
            return money
        rate = await self.rate(money.currency, to, at=at)
        return Money.from_decimal(money.decimal * rate.rate, to)

    async def known(self, page: PageRequest, *, base: str | None = None) -> Page[Rate]:
        return await self._read(lambda uow: list_rates(uow, base=base, page=page))

    async def put(self, command: Command, rates: Sequence[Rate]) -> int:
        return await self._once(
            command, "pricing.put_rates", int, lambda uow: put_rates(uow, rates=rates)
        )

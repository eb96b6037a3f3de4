"""Who answers `bodega.contracts.warehouse.Warehouse`: the stock as a whole, for staff."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from bodega.backbone.desk import Desk
from bodega.backbone.module import Context
from bodega.commerce.inventory.errors import PeriodBackwards
from bodega.commerce.inventory.repository import ledger, reports, thresholds
from bodega.commerce.inventory.service.lists import list_movements
from bodega.commerce.inventory.service.locations import set_thresholds
from bodega.commerce.inventory.service.suggestions import Outlook, suggest
from bodega.contracts.catalog import Catalog
from bodega.contracts.warehouse import (
    AgeingRow,
    LevelDetail,
    LevelSettings,
    LowStock,
    MovementView,
    Named,
    StockCheck,
    StockOutRow,
    StockSummary,
    Suggestion,
    TurnoverRow,
    ValuationRow,
)
from bodega.kernel.commands import Command
from bodega.kernel.ids import LocationId, VariantId
from bodega.kernel.money import Money
from bodega.kernel.page import Page, PageRequest

R = TypeVar("R", bound=Named)
LISTED = 100
NAMED_AT_ONCE = 1000


class WarehouseService(Desk):
    """Answers `bodega.contracts.warehouse.Warehouse`."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._context = context

    async def check(self) -> StockCheck:
        async with self._database.reading() as connection:
            differences = await ledger.find_differences(connection, limit=LISTED)
            levels = await ledger.count_levels(connection)
        return StockCheck(checked_at=self._clock.now(), levels=levels, differences=differences)

    async def summary(self) -> StockSummary:
        async with self._database.reading() as connection:
            found = await reports.find_summary(connection)
            rows = await reports.find_valuation(connection)
        values: dict[str, int] = {}
        for row in rows:
            if row.currency is not None:
                values[row.currency] = values.get(row.currency, 0) + row.value
        value = [Money(amount=amount, currency=code) for code, amount in sorted(values.items())]
        uncosted = sum(row.units for row in rows if row.currency is None)
        return found.model_copy(update={"value": value, "uncosted": uncosted})

    async def levels_of(self, variant_id: VariantId) -> list[LevelDetail]:
        async with self._database.reading() as connection:
            return await thresholds.find_details(connection, variant_id, now=self._clock.now())

    async def movements(
        self, page: PageRequest, *, variant_id: VariantId | None = None
    ) -> Page[MovementView]:
        return await self._read(lambda uow: list_movements(uow, page=page, variant_id=variant_id))

    async def set_thresholds(
        self,
        command: Command,
        variant_id: VariantId,
        location_id: LocationId,
        settings: LevelSettings,
    ) -> LevelDetail:
        return await self._once(
            command,
            "inventory.set_thresholds",
            LevelDetail,
            lambda uow: set_thresholds(
                uow,
                clock=self._clock,
                variant_id=variant_id,
                location_id=location_id,
                settings=settings,
            ),
        )

    async def low(self, *, limit: int = LISTED) -> list[LowStock]:
        async with self._database.reading() as connection:
            return await thresholds.find_low(connection, limit=limit)

    async def suggestions(self, *, limit: int = LISTED) -> list[Suggestion]:
        outlook = Outlook.of(self._context.settings, self._context.container)
        async with self._database.reading() as connection:
            return await suggest(connection, now=self._clock.now(), outlook=outlook, limit=limit)

    async def valuation(self, *, limit: int | None = None) -> list[ValuationRow]:
        async with self._database.reading() as connection:
            rows = await reports.find_valuation(connection)
        return await self._named(_valued(rows)[:limit])

    async def ageing(self, *, limit: int | None = None) -> list[AgeingRow]:
        async with self._database.reading() as connection:
            rows = await reports.find_ageing(connection, now=self._clock.now(), limit=limit)
        return await self._named([AgeingRow.model_validate(row) for row in rows])

    async def turnover(
        self, *, since: datetime, until: datetime, limit: int | None = None
    ) -> list[TurnoverRow]:
        _check_period(since, until)
        async with self._database.reading() as connection:
            rows = await reports.find_turnover(connection, since=since, until=until, limit=limit)
        return await self._named([TurnoverRow.model_validate(row) for row in rows])

    async def stock_outs(
        self, *, since: datetime, until: datetime, limit: int | None = None
    ) -> list[StockOutRow]:
        _check_period(since, until)
        async with self._database.reading() as connection:
            rows = await reports.find_stock_outs(connection, since=since, until=until, limit=limit)
        return await self._named([StockOutRow.model_validate(row) for row in rows])

    async def _named(self, rows: list[R]) -> list[R]:
        """With what the catalogue calls them."""
        catalog = self._context.container.get(Catalog)
        for start in range(0, len(rows), NAMED_AT_ONCE):
            part = rows[start : start + NAMED_AT_ONCE]
            known = await catalog.sellable([row.variant_id for row in part])
            for row in part:
                if row.variant_id in known:
                    row.sku, row.title = known[row.variant_id].sku, known[row.variant_id].title
        return rows


def _valued(rows: Sequence[Any]) -> list[ValuationRow]:
    """A row a variant and currency; units of no known cost go to the variant's first row."""
    found = [
        ValuationRow(
            variant_id=VariantId(row.variant_id),
            units=row.units,
            value=Money(amount=row.value, currency=row.currency),
            uncosted=0,
        )
        for row in rows
        if row.currency is not None
    ]
    first: dict[VariantId, ValuationRow] = {}
    for item in found:
        first.setdefault(item.variant_id, item)
    for row in rows:
        if row.currency is None:
            known = first.get(VariantId(row.variant_id))
            if known is None:
                found.append(_uncosted(row))
            else:
                known.units += row.units
                known.uncosted = row.units
    return found


def _uncosted(row: Any) -> ValuationRow:
    return ValuationRow(
        variant_id=VariantId(row.variant_id), units=row.units, value=None, uncosted=row.units
    )


def _check_period(since: datetime, until: datetime) -> None:
    if since >= until:
        raise PeriodBackwards

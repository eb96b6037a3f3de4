"""The taxes of a country: what the shop says, else what is shipped with it."""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from bodega.backbone.db import UnitOfWork
from bodega.commerce.pricing.adapters.standard_taxes import standard
from bodega.commerce.pricing.domain import taxes as rules
from bodega.commerce.pricing.domain.taxes import TaxCountry, Taxes
from bodega.commerce.pricing.errors import TaxRateNotFound
from bodega.commerce.pricing.repository import taxes as repository
from bodega.commerce.pricing.schemas import (
    CountryTaxes,
    NewTaxRate,
    TaxCountryChange,
    TaxRateView,
)
from bodega.kernel.clock import Clock
from bodega.kernel.ids import new_id

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


async def read_taxes(
    connection: "AsyncConnection",
    *,
    home: str,
    country: str,
    region: str | None,
    now: datetime,
) -> Taxes:
    own, stated = await repository.find_taxes(connection, country)
    shipped = standard(country)
    return rules.taxes(
        [*shipped.rates, *own],
        stated or _unstated(home, country),
        region=region,
        day=now.date(),
    )


def _unstated(home: str, country: str) -> TaxCountry:
    return TaxCountry(
        country=country,
        prices_include_tax=standard(country).prices_include_tax,
        collected=rules.collects(home, country),
    )


async def show_country(uow: UnitOfWork, *, clock: Clock, home: str, country: str) -> CountryTaxes:
    """What is in force today, and the shop's own rates of any day."""
    own, stated = await repository.find_taxes(uow.connection, country)
    shown = stated or _unstated(home, country)
    current = rules.in_force([*standard(country).rates, *own], day=clock.now().date())
    ids = {
        (row.region, row.tax_class, row.valid_from): row.id
        for row in await repository.list_rates(uow.connection, country)
    }
    later = [rate for rate in own if rate not in current]
    return CountryTaxes(
        country=country,
        prices_include_tax=shown.prices_include_tax,
        collected=shown.collected,
        rates=[
            TaxRateView(
                id=ids.get((rate.region, rate.tax_class, rate.valid_from)) if rate.own else None,
                region=rate.region,
                tax_class=rate.tax_class,
                rate=rate.rate,
                valid_from=rate.valid_from,
                source=rate.source,
                in_force=rate in current,
            )
            for rate in sorted(
                [*current, *later], key=lambda item: (item.region, item.tax_class, item.valid_from)
            )
        ],
    )


async def put_rate(
    uow: UnitOfWork, *, clock: Clock, home: str, country: str, new: NewTaxRate
) -> CountryTaxes:
    values = new.model_dump() | {"id": new_id(), "country": country}
    values["valid_from"] = new.valid_from or clock.now().date()
    await repository.put_rate(uow.connection, values)
    return await show_country(uow, clock=clock, home=home, country=country)


async def drop_rate(uow: UnitOfWork, *, country: str, rate_id: UUID) -> None:
    """The shipped rate is in force again. Raises TaxRateNotFound."""
    if not await repository.delete_rate(uow.connection, country, rate_id):
        raise TaxRateNotFound


async def change_country(
    uow: UnitOfWork, *, clock: Clock, home: str, country: str, change: TaxCountryChange
) -> CountryTaxes:
    stated = TaxCountry(country, change.prices_include_tax, change.collected)
    await repository.put_country(uow.connection, stated)
    return await show_country(uow, clock=clock, home=home, country=country)

"""The taxes of a country: what the shop says, else what is shipped with it."""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from bodega.backbone.db import UnitOfWork
from bodega.backbone.desk import Desk
from bodega.backbone.kept import Kept
from bodega.commerce.pricing.adapters.standard_taxes import shipped_countries, standard
from bodega.commerce.pricing.domain import taxes as rules
from bodega.commerce.pricing.domain.taxes import TaxCountry, Taxes, TaxRate
from bodega.commerce.pricing.errors import TaxRateNotFound
from bodega.commerce.pricing.repository import taxes as repository
from bodega.contracts.taxes import (
    CountryTaxes,
    NewTaxRate,
    TaxCountryChange,
    TaxCountrySummary,
    TaxRateView,
)
from bodega.kernel.clock import Clock
from bodega.kernel.commands import Command
from bodega.kernel.ids import new_id

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

StatedTaxes = Kept[str, tuple[list[TaxRate], TaxCountry | None]]
"""The shop's own rates of a country, and how it treats the country."""


async def read_taxes(
    connection: "AsyncConnection",
    *,
    kept: StatedTaxes,
    home: str,
    country: str,
    region: str | None,
    now: datetime,
) -> Taxes:
    own, stated = await kept.get(country, lambda: repository.find_taxes(connection, country))
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
            _rate_view(
                rate,
                id=ids.get((rate.region, rate.tax_class, rate.valid_from)) if rate.own else None,
                in_force=rate in current,
            )
            for rate in sorted(
                [*current, *later], key=lambda item: (item.region, item.tax_class, item.valid_from)
            )
        ],
    )


def _rate_view(rate: TaxRate, *, id: UUID | None, in_force: bool) -> TaxRateView:
    return TaxRateView(
        id=id,
        region=rate.region,
        tax_class=rate.tax_class,
        rate=rate.rate,
        valid_from=rate.valid_from,
        source=rate.source,
        in_force=in_force,
    )


async def list_countries(uow: UnitOfWork, *, clock: Clock, home: str) -> list[TaxCountrySummary]:
    """The shipped ones, and those the shop says something of."""
    own, stated = await repository.find_own(uow.connection)
    found = []
    for country in sorted({*shipped_countries(), *own, *stated}):
        rates = [*standard(country).rates, *own.get(country, [])]
        current = rules.in_force(rates, day=clock.now().date())
        plain = [rate for rate in current if (rate.region, rate.tax_class) == ("", rules.STANDARD)]
        treated = stated.get(country) or _unstated(home, country)
        found.append(
            TaxCountrySummary(
                country=country,
                prices_include_tax=treated.prices_include_tax,
                collected=treated.collected,
                standard=_rate_view(plain[0], id=None, in_force=True) if plain else None,
                rates=len(current),
                own=country in own or country in stated,
            )
        )
    return found


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


class TaxTableService(Desk):
    """Answers `bodega.contracts.taxes.TaxTable`."""

    async def countries(self) -> list[TaxCountrySummary]:
        return await self._read(
            lambda uow: list_countries(uow, clock=self._clock, home=self._settings.country)
        )

    async def country(self, country: str) -> CountryTaxes:
        return await self._read(
            lambda uow: show_country(
                uow, clock=self._clock, home=self._settings.country, country=country
            )
        )

    async def change_country(
        self, command: Command, country: str, change: TaxCountryChange
    ) -> CountryTaxes:
        return await self._once(
            command,
            "pricing.change_tax_country",
            CountryTaxes,
            lambda uow: change_country(
                uow, clock=self._clock, home=self._settings.country, country=country, change=change
            ),
        )

    async def put_rate(self, command: Command, country: str, new: NewTaxRate) -> CountryTaxes:
        return await self._once(
            command,
            "pricing.put_tax_rate",
            CountryTaxes,
            lambda uow: put_rate(
                uow, clock=self._clock, home=self._settings.country, country=country, new=new
            ),
        )

    async def drop_rate(self, command: Command, country: str, rate_id: UUID) -> None:
        await self._once(
            command,
            "pricing.drop_tax_rate",
            type(None),
            lambda uow: drop_rate(uow, country=country, rate_id=rate_id),
        )

"""The shop's own words on taxes; what it says nothing about comes from the shipped table."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.commerce.pricing.domain.taxes import TaxCountry, TaxRate
from bodega.commerce.pricing.tables import tax_countries, tax_rates

_FIND = text(
    """
    SELECT r.country, r.region, r.tax_class, r.rate, r.valid_from, r.source,
           NULL::boolean AS prices_include_tax, NULL::boolean AS collected
    FROM pricing.tax_rates r WHERE r.country = :country
    UNION ALL
    SELECT c.country, NULL, NULL, NULL, NULL, NULL, c.prices_include_tax, c.collected
    FROM pricing.tax_countries c WHERE c.country = :country
    """
)


async def find_taxes(
    connection: AsyncConnection, country: str
) -> tuple[list[TaxRate], TaxCountry | None]:
    """The shop's own rates of a country, and how it treats the country."""
    rows = (await connection.execute(_FIND, {"country": country})).all()
    rates = [rate_of(row) for row in rows if row.rate is not None]
    stated = [
        TaxCountry(row.country, row.prices_include_tax, row.collected)
        for row in rows
        if row.rate is None
    ]
    return rates, stated[0] if stated else None


async def find_own(
    connection: AsyncConnection,
) -> tuple[dict[str, list[TaxRate]], dict[str, TaxCountry]]:
    """What the shop says of any country: its rates and how it treats it, by country."""
    rates: dict[str, list[TaxRate]] = {}
    for row in await connection.execute(select(tax_rates)):
        rates.setdefault(row.country, []).append(rate_of(row))
    stated = await connection.execute(select(tax_countries))
    return rates, {
        row.country: TaxCountry(row.country, row.prices_include_tax, row.collected)
        for row in stated
    }


def rate_of(row: Row[Any]) -> TaxRate:
    return TaxRate(
        country=row.country,
        region=row.region,
        tax_class=row.tax_class,
        rate=row.rate,
        valid_from=row.valid_from,
        source=row.source,
        own=True,
    )


async def list_rates(connection: AsyncConnection, country: str) -> list[Row[Any]]:
    """The shop's own rates of a country, with their ids."""
    query = (
        select(tax_rates)
        .where(tax_rates.c.country == country)
        .order_by(tax_rates.c.region, tax_rates.c.tax_class, tax_rates.c.valid_from)
    )
    return list((await connection.execute(query)).all())


async def put_rate(connection: AsyncConnection, values: Mapping[str, Any]) -> UUID:
    """A second rate for the same place, class and day replaces the first; its id stays."""
    statement = insert(tax_rates).values(**values)
    statement = statement.on_conflict_do_update(
        index_elements=["country", "region", "tax_class", "valid_from"],
        set_={"rate": statement.excluded.rate, "source": statement.excluded.source},
    )
    kept: UUID = (await connection.execute(statement.returning(tax_rates.c.id))).scalar_one()
    return kept


async def delete_rate(connection: AsyncConnection, country: str, rate_id: UUID) -> bool:
    statement = delete(tax_rates).where(tax_rates.c.id == rate_id, tax_rates.c.country == country)
    return (await connection.execute(statement)).rowcount == 1


async def put_country(connection: AsyncConnection, country: TaxCountry) -> None:
    values = {
        "prices_include_tax": country.prices_include_tax,
        "collected": country.collected,
        "changed_at": func.now(),
    }
    statement = insert(tax_countries).values(country=country.country, **values)
    await connection.execute(
        statement.on_conflict_do_update(index_elements=["country"], set_=values)
    )

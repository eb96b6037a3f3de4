"""Exchange rates by day."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.contracts.pricing import Rate

# The newest rate of each pair that has either currency, either way round: enough for a direct
# rate, its inverse, and one through a third currency.
_NEWEST = text(
    """
    SELECT DISTINCT ON (base, quote) base, quote, day, rate, source
    FROM pricing.exchange_rates
    WHERE day <= :day AND (base = ANY(:both) OR quote = ANY(:both))
    ORDER BY base, quote, day DESC
    """
)
_PUT = text(
    """
    INSERT INTO pricing.exchange_rates (base, quote, day, rate, source)
    SELECT base, quote, day, rate, source FROM unnest(
        CAST(:bases AS text[]), CAST(:quotes AS text[]), CAST(:days AS date[]),
        CAST(:rates AS numeric[]), CAST(:sources AS text[])
    ) AS new (base, quote, day, rate, source)
    ON CONFLICT (base, quote, day) DO UPDATE
        SET rate = excluded.rate, source = excluded.source, imported_at = now()
        WHERE (exchange_rates.rate, exchange_rates.source) <> (excluded.rate, excluded.source)
    """
)
_LIST = text(
    """
    SELECT base, quote, day, rate, source FROM pricing.exchange_rates
    WHERE (CAST(:base AS text) IS NULL OR base = :base)
      AND (CAST(:after_day AS date) IS NULL
           OR (day, base, quote) < (:after_day, :after_base, :after_quote))
    ORDER BY day DESC, base DESC, quote DESC LIMIT :limit
    """
)


async def newest(connection: AsyncConnection, *, base: str, quote: str, day: date) -> list[Rate]:
    found = await connection.execute(_NEWEST, {"both": [base, quote], "day": day})
    return [Rate.model_validate(row._mapping) for row in found]


async def put_rates(connection: AsyncConnection, rates: Sequence[Rate]) -> int:
    """How many are new or differ from what was known; a later word on a day replaces the first."""
    given = {
        "bases": [rate.base for rate in rates],
        "quotes": [rate.quote for rate in rates],
        "days": [rate.day for rate in rates],
        "rates": [rate.rate for rate in rates],
        "sources": [rate.source for rate in rates],
    }
    return (await connection.execute(_PUT, given)).rowcount


async def list_rates(
    connection: AsyncConnection,
    *,
    base: str | None,
    after: tuple[date, str, str] | None,
    limit: int,
) -> list[Rate]:
    """Newest first."""
    day, after_base, after_quote = after or (None, None, None)
    given = {
        "base": base,
        "after_day": day,
        "after_base": after_base,
        "after_quote": after_quote,
        "limit": limit,
    }
    return [Rate.model_validate(row._mapping) for row in await connection.execute(_LIST, given)]

"""Numbers without gaps: a counter is a row, taken late in the transaction that uses it."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

FIRST_ORDER: Final = 1001
_TAKE = text(
    """INSERT INTO orders.counters (name, value)
       VALUES (:name, CAST(:first AS bigint) + :count - 1)
       ON CONFLICT (name) DO UPDATE SET value = counters.value + :count RETURNING value"""
)


async def take_numbers(
    connection: AsyncConnection, count: int, *, name: str = "orders", first: int = FIRST_ORDER
) -> int:
    """The first of `count` numbers in a row."""
    asked = {"name": name, "first": first, "count": count}
    last: int = (await connection.execute(_TAKE, asked)).scalar_one()
    return last - count + 1

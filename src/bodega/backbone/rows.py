"""Every row of the shop's tables as text, for searches that must leave nothing out."""

from collections.abc import AsyncIterator

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_TABLES = text(
    """SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
       WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"""
)


async def every_row(connection: AsyncConnection) -> AsyncIterator[tuple[str, str]]:
    """("schema.table", the row as JSON), in a transaction: rows come from a cursor, a few at a
    time, so that no table has to fit into memory."""
    for (table,) in (await connection.execute(_TABLES)).all():
        query = text(f"SELECT row_to_json(t)::text FROM {table} t")  # noqa: S608 - quoted above
        async with connection.stream(query) as rows:
            async for (row,) in rows:
                yield str(table), str(row)

"""Bulk loading by COPY: into a temporary table, then what is new into the real one."""

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import sql
from sqlalchemy.ext.asyncio import AsyncConnection


async def copy_new(
    connection: AsyncConnection,
    table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    conflict: Sequence[str] = (),
) -> int:
    """COPY `rows` and insert those that break no unique constraint (or not that on `conflict`);
    the number inserted. Runs inside the caller's transaction."""
    raw = await connection.get_raw_connection()
    driver: Any = raw.driver_connection
    target = sql.Identifier(*table.split("."))
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    stage = sql.Identifier("staged_" + table.replace(".", "_"))
    on = sql.SQL("({})").format(sql.SQL(", ").join(map(sql.Identifier, conflict)))
    async with driver.cursor() as cursor:
        await cursor.execute(
            sql.SQL(
                "CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA"
            ).format(stage, names, target)
        )
        async with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(stage, names)) as copy:
            for row in rows:
                await copy.write_row(row)
        await cursor.execute(
            sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {} ON CONFLICT {} DO NOTHING").format(
                target, names, names, stage, on if conflict else sql.SQL("")
            )
        )
        inserted: int = cursor.rowcount
        await cursor.execute(sql.SQL("DROP TABLE {}").format(stage))
    return inserted

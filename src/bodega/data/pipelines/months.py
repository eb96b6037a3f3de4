"""Months that changed: what a load wrote into the large tables, until readers have it.

A model that names its month is merged row by row, and each merge notes the months it wrote or took
rows from, in its own transaction. Tests, checks and publishing look at those months only; once a
day, and after a rebuild, at everything (docs/decisions/0055).
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import duckdb

from bodega.data.lake.published import Published
from bodega.data.lake.rewrite import GoldTable

MEMORY = """
create table if not exists meta.months (model varchar, month varchar);
create table if not exists meta.given (table_name varchar, version bigint);
alter table meta.refresh add column if not exists looked_at timestamptz;
"""
OF = "strftime(cast(occurred_at as date), '%Y-%m')"
EVERYTHING_EVERY = timedelta(hours=24)


def note(con: duckdb.DuckDBPyConnection, model: str, months: str) -> None:
    """Remember the months that the statement gives; the caller holds the transaction."""
    con.execute(
        f"""insert into meta.months
            select distinct '{model}', month from ({months}) as found (month)
            where month is not null and month not in (
                select month from meta.months where model = '{model}')"""
    )


def changed(con: duckdb.DuckDBPyConnection, model: str) -> list[str]:
    """The noted months of a model, in order."""
    found = con.execute("select month from meta.months where model = ? order by 1", [model])
    return [month for (month,) in found.fetchall()]


def changed_parts(
    con: duckdb.DuckDBPyConnection, tables: Sequence[GoldTable], published: Published
) -> dict[str, list[str]]:
    """Per gold table the only partitions that can differ from the published set. Tables that are
    not followed, or whose readers see another version than this warehouse gave them, are not in."""
    given = dict(con.execute("select table_name, version from meta.given").fetchall())
    return {
        table.name: changed(con, table.follows)
        for table in tables
        if table.follows is not None
        and (known := published.tables.get(table.name)) is not None
        and given.get(table.name) == known.version
    }


def strayed(con: duckdb.DuckDBPyConnection, published: Published) -> set[str]:
    """Tables of which readers have another version than this warehouse gave them: a set was put
    back by hand, or a crash came before they were remembered."""
    given = dict(con.execute("select table_name, version from meta.given").fetchall())
    now = {name: table.version for name, table in published.tables.items()}
    return {name for name, version in given.items() if now.get(name) != version}


def due(con: duckdb.DuckDBPyConnection, now: datetime | None = None) -> bool:
    """Whether everything is to be looked at again."""
    row = con.execute("select looked_at from meta.refresh").fetchone()
    last = row[0] if row else None
    if last is None:
        return True
    # A clock that was ahead has put the last look into the future.
    return not timedelta() <= (now or datetime.now(UTC)) - last < EVERYTHING_EVERY


def done(con: duckdb.DuckDBPyConnection, published: Published, *, everything: bool) -> None:
    """Readers have all of it: `published`, of which the caller compared `everything` or only what
    was noted. The caller holds the transaction."""
    con.execute("delete from meta.months")
    con.execute("delete from meta.given")
    given = [[name, table.version] for name, table in published.tables.items()]
    con.executemany("insert into meta.given values (?, ?)", given)
    if everything:
        con.execute("update meta.refresh set looked_at = ?", [datetime.now(UTC)])

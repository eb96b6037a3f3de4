"""Backfills by day: what happened on some days is read anew from bronze, nothing else is touched.

The wish is kept in the warehouse in the transaction that takes the days' rows out of it, and goes
with the publishing that brings them back: whoever refreshes after a crash finishes it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
from pydantic import BaseModel, model_validator

from bodega.data.lake.publish import GoldTable
from bodega.data.pipelines import months
from bodega.data.pipelines.bronze import NOTHING, BronzeTable, select_envelopes
from bodega.kernel.errors import Rejected

MEMORY = """
create table if not exists meta.days (day date, root varchar);
create table if not exists meta.rebuilt (table_name varchar, key varchar);
"""


class DaysMalformed(Rejected):
    code = "backfill_days"
    title = "These days cannot be built anew"


@dataclass(frozen=True)
class Member:
    """A bronze table and its staging model; `parent` is the field that names the root's id."""

    bronze: str
    staging: str
    parent: str | None = None


@dataclass(frozen=True)
class Root:
    """A bronze table whose rows have a day (`occurred_at`), and those that belong to its rows."""

    itself: Member
    children: tuple[Member, ...] = ()

    @property
    def members(self) -> tuple[Member, ...]:
        return (self.itself, *self.children)


ROOTS: Mapping[str, Root] = {
    root.itself.bronze: root
    for root in (
        Root(
            Member("shop__orders_orders", "orders"),
            (Member("shop__orders_order_lines", "order_lines", "order_id"),),
        ),
        Root(
            Member("shop__orders_returns", "returns"),
            (Member("shop__orders_return_lines", "return_lines", "return_id"),),
        ),
        Root(Member("shop__inventory_movements", "stock_movements")),
        Root(
            Member("shop__payments_payments", "payments"),
            (Member("shop__payments_refunds", "payment_refunds", "payment_id"),),
        ),
        Root(
            Member("shop__payments_ledger_entries", "ledger_entries"),
            (Member("shop__payments_ledger_lines", "ledger_lines", "entry_id"),),
        ),
    )
}
_SALES = ("shop__orders_orders", "shop__orders_returns")
DAILY: Mapping[str, tuple[str, ...]] = {
    "fct_orders": _SALES,
    "fct_order_lines": _SALES,
    "fct_payments": ("shop__payments_payments", "shop__payments_ledger_entries"),
    "fct_stock_movements": ("shop__inventory_movements",),
}
"""Gold tables that can be built by the day, and the roots their days come from."""


class Days(BaseModel):
    """From `first` to `last`, both included, of the gold `tables` (all of DAILY when empty)."""

    first: date
    last: date
    tables: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _sound(self) -> "Days":
        if self.last < self.first:
            raise DaysMalformed(f"The last day, {self.last}, is before the first, {self.first}.")
        if unknown := sorted(set(self.tables) - set(DAILY)):
            known = ", ".join(sorted(DAILY))
            raise DaysMalformed(f"{unknown[0]} is not built by the day; these are: {known}.")
        return self

    def __str__(self) -> str:
        said = str(self.first) if self.first == self.last else f"{self.first}..{self.last}"
        return f"{said} {' '.join(self.tables)}".rstrip()

    def each(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]

    def roots(self) -> list[str]:
        return sorted({root for table in self.tables or DAILY for root in DAILY[table]})

    def chunks(self, days: int) -> Iterator["Days"]:
        """The same in pieces of at most `days` days."""
        for start in range(0, (self.last - self.first).days + 1, days):
            first = self.first + timedelta(days=start)
            last = min(first + timedelta(days=days - 1), self.last)
            yield Days(first=first, last=last, tables=self.tables)


def pending(con: duckdb.DuckDBPyConnection) -> dict[str, list[date]]:
    """Days asked for and not published yet, by root."""
    found: dict[str, list[date]] = {}
    for root, day in con.execute("select root, day from meta.days order by 1, 2").fetchall():
        found.setdefault(root, []).append(day)
    return found


def tables_of(asked: Mapping[str, list[date]]) -> list[str]:
    """The bronze tables that are read anew for them."""
    return [member.bronze for root in asked for member in ROOTS[root].members]


def gold_days(tables: Iterable[GoldTable], asked: Mapping[str, list[date]]) -> dict[str, set[date]]:
    """The days asked for, by the daily gold tables that hold them."""
    return {
        table.name: {day for root in DAILY.get(table.name, ()) for day in asked.get(root, ())}
        for table in tables
        if table.day is not None
    }


def note(con: duckdb.DuckDBPyConnection, days: Days) -> None:
    """Remember the wish; the caller holds the transaction."""
    con.executemany(
        "insert into meta.days select ?, ? where (?, ?) not in (select (day, root) from meta.days)",
        [[day, root, day, root] for root in days.roots() for day in days.each()],
    )


def take_out(con: duckdb.DuckDBPyConnection, bronze: Mapping[str, BronzeTable]) -> None:
    """Take the rows of the noted days out of staging and let their changes be seen again. The
    caller holds the transaction, and has registered bronze."""
    for built in _BUILT:
        months.note(con, built.model, "select strftime(day, '%Y-%m') from meta.days")
    for root in pending(con):
        itself = ROOTS[root].itself
        parents = _rebuild(con, bronze[root], itself, _on_days(root))
        if _exists(con, "staging", itself.staging):
            days = f"select day from meta.days where root = '{root}'"
            _forget(con, itself, f"cast(occurred_at as date) in ({days})")
        for child in ROOTS[root].children:
            _rebuild(con, bronze[child.bronze], child, _belonging(child, parents))
    for built in _BUILT:
        if _exists(con, "intermediate", built.model):
            con.execute(
                f"""delete from intermediate.{built.model}
                    where {built.day} in (select day from meta.days where root in ({built.roots}))
                    and {built.column} not in (
                        select {built.key} from meta.rebuilt
                        where table_name in ({built.bronze}))"""
            )


@dataclass(frozen=True)
class _Built:
    """A model whose rows on the `roots`' days must have a source in `bronze`, whose `key` gives
    what `column` holds: others are taken out."""

    model: str
    column: str
    day: str
    roots: str
    bronze: str
    key: str = "json_extract_string(key, '$.id')"


_ORDERS = "'shop__orders_orders'"
_BUILT = (
    _Built(
        "int_sales_lines",
        "line_id",
        "order_date",
        f"{_ORDERS}, 'shop__orders_returns'",
        "'shop__orders_order_lines', 'shop__orders_return_lines'",
    ),
    _Built("int_orders", "order_id", "order_date", _ORDERS, _ORDERS),
    _Built(
        "int_payments",
        "payment_id",
        "payment_date",
        "'shop__payments_payments'",
        "'shop__payments_payments'",
    ),
    _Built(
        "int_ledger_lines",
        "key",
        "entry_date",
        "'shop__payments_ledger_entries'",
        "'shop__payments_ledger_lines'",
        key="key",
    ),
)


_CHANGED: Mapping[str, tuple[str, str]] = {
    "fct_order_lines": ("intermediate.int_sales_lines", "order_date"),
    "fct_orders": ("intermediate.int_orders", "order_date"),
    "fct_payments": ("intermediate.int_payments", "payment_date"),
    "fct_stock_movements": ("staging.stock_movements", "cast(occurred_at as date)"),
}


def changed_days(con: duckdb.DuckDBPyConnection) -> dict[str, list[date]]:
    """The days of each daily table on which the last published refresh changed a row."""
    return {
        table: [
            day
            for (day,) in con.execute(
                f"""select distinct {day} from {relation}
                    where _batch = (select good from meta.refresh) and {day} is not null
                    order by 1"""
            ).fetchall()
        ]
        for table, (relation, day) in _CHANGED.items()
    }


def done(con: duckdb.DuckDBPyConnection) -> None:
    """The noted days are published; the caller holds the transaction."""
    con.execute("delete from meta.days")
    con.execute("delete from meta.rebuilt")


def _rebuild(con: duckdb.DuckDBPyConnection, table: BronzeTable, member: Member, where: str) -> str:
    """Note the keys that `where` finds in bronze or staging; SQL for their ids."""
    everything = select_envelopes(table.files_since(NOTHING))
    con.execute(
        f"""insert into meta.rebuilt
            select distinct '{member.bronze}', key from ({everything})
            where key is not null and json_valid(after) and ({where})
                and ('{member.bronze}', key) not in (select (table_name, key) from meta.rebuilt)"""
    )
    if _exists(con, "staging", member.staging):
        again = f"select key from meta.rebuilt where table_name = '{member.bronze}'"
        _forget(con, member, f"key in ({again})")
    seen_again = f"""select * from ({everything}) as envelope where _op = 't' or key in (
        select key from meta.rebuilt where table_name = '{member.bronze}')
        or _position >= coalesce((
            select since from meta.bronze where table_name = '{member.bronze}'), {NOTHING})"""
    con.execute(f'create or replace view bronze."{member.bronze}" as {seen_again}')
    return f"""select json_extract_string(key, '$.id') from meta.rebuilt
        where table_name = '{member.bronze}'"""


def _forget(con: duckdb.DuckDBPyConnection, member: Member, where: str) -> None:
    """Rows go out of staging; the months they were in have changed."""
    if member.parent is None:
        found = f"select {months.OF} from staging.{member.staging} where {where}"
        months.note(con, f"stg_{member.staging}", found)
    con.execute(f"delete from staging.{member.staging} where {where}")


def _on_days(root: str) -> str:
    return f"""cast(try_cast(json_extract_string(after, '$.occurred_at') as timestamptz) as date)
        in (select day from meta.days where root = '{root}')"""


def _belonging(child: Member, parents: str) -> str:
    return f"json_extract_string(after, '$.{child.parent}') in ({parents})"


def _exists(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    found = con.execute(
        "select 1 from duckdb_tables() where schema_name = ? and table_name = ?", [schema, table]
    )
    return found.fetchone() is not None

"""The published numbers against where they come from, to the row and the minor unit.

The source is asked in its own words, without the transforms: once over bronze, whose newest
envelope of each key is a row, and once over PostgreSQL itself, with the same SQL.
"""

from dataclasses import dataclass
from typing import Literal

import duckdb
import psycopg

from bodega.data.lake.published import Published, read_published
from bodega.data.lake.query import NothingPublished, open_gold
from bodega.data.lake.storage import Place, at
from bodega.data.pipelines.bronze import read_bronze

_COLUMNS = {
    "orders.orders": {"id": "varchar", "status": "varchar"},
    "orders.order_lines": {
        "id": "varchar",
        "order_id": "varchar",
        "quantity": "bigint",
        "total_amount": "bigint",
        "currency": "varchar",
    },
    "orders.returns": {"id": "varchar"},
    "orders.return_lines": {
        "id": "varchar",
        "return_id": "varchar",
        "quantity": "bigint",
        "total_amount": "bigint",
        "currency": "varchar",
    },
    "catalog.products": {"id": "varchar"},
    "identity.users": {"id": "varchar"},
}


@dataclass(frozen=True)
class Measure:
    """A figure per label, asked of the source (PostgreSQL or bronze) and of gold."""

    name: str
    source: str
    gold: str


_SOLD = """from orders.order_lines l join orders.orders o on o.id = l.order_id
    where o.status <> 'cancelled'"""
_RETURNED = "from orders.return_lines l join orders.returns r on r.id = l.return_id where true"

MEASURES = (
    Measure(
        "orders",
        "select status, count(*) from orders.orders group by 1",
        "select status, count(*) from gold.fct_orders group by 1",
    ),
    Measure(
        "lines sold",
        f"select l.currency, count(*) {_SOLD} group by 1",
        "select currency, count(*) from gold.fct_order_lines where not is_return group by 1",
    ),
    Measure(
        "units sold",
        f"select l.currency, sum(l.quantity) {_SOLD} group by 1",
        "select currency, sum(quantity) from gold.fct_order_lines where not is_return group by 1",
    ),
    Measure(
        "money sold",
        f"select l.currency, sum(l.total_amount) {_SOLD} group by 1",
        "select currency, sum(gross_amount) from gold.mart_daily_sales group by 1",
    ),
    Measure(
        "lines returned",
        f"select l.currency, count(*) {_RETURNED} group by 1",
        "select currency, count(*) from gold.fct_order_lines where is_return group by 1",
    ),
    Measure(
        "money returned",
        f"select l.currency, sum(l.total_amount) {_RETURNED} group by 1",
        "select currency, sum(returns_amount) from gold.mart_daily_sales group by 1",
    ),
    Measure(
        "products",
        "select 'all', count(*) from catalog.products",
        "select 'all', count(*) from gold.dim_products where not is_inferred",
    ),
    Measure(
        "customers",
        "select 'all', count(*) from identity.users",
        "select 'all', count(*) from gold.dim_customers where not is_inferred",
    ),
)


@dataclass(frozen=True)
class Line:
    """One figure on both sides; `against` names the source."""

    against: Literal["bronze", "postgres"]
    measure: str
    label: str
    source: int
    gold: int

    @property
    def agrees(self) -> bool:
        return self.source == self.gold


def reconcile(lake: Place, *, dsn: str | None = None) -> list[Line]:
    """Gold against bronze up to the published position; against PostgreSQL too, given its `dsn`.

    PostgreSQL is asked as it is now: changes that are on their way show as differences.
    """
    published = read_published(lake)
    if not published.tables:
        raise NothingPublished
    gold = _gold(lake, published)
    lines = _compare("bronze", _bronze(lake, published), gold)
    if dsn is not None:
        lines += _compare("postgres", _postgres(dsn), gold)
    return lines


Figures = dict[tuple[str, str], int]


def _compare(against: Literal["bronze", "postgres"], source: Figures, gold: Figures) -> list[Line]:
    order = {measure.name: n for n, measure in enumerate(MEASURES)}
    keys = sorted({*source, *gold}, key=lambda key: (order[key[0]], key[1]))
    lines = [Line(against, *key, source.get(key, 0), gold.get(key, 0)) for key in keys]
    # Sums over nothing exist on one side and not on the other.
    return [line for line in lines if line.source or line.gold]


def _gold(lake: Place, published: Published) -> Figures:
    with open_gold(lake, published) as con:
        return {
            (measure.name, str(label)): int(value)
            for measure in MEASURES
            for label, value in con.execute(measure.gold).fetchall()
        }


def _postgres(dsn: str) -> Figures:
    with psycopg.connect(dsn) as con:
        con.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        con.read_only = True
        return {
            (measure.name, str(label)): int(value)
            for measure in MEASURES
            for label, value in con.execute(measure.source.encode()).fetchall()
        }


def _bronze(lake: Place, published: Published) -> Figures:
    con = duckdb.connect()
    try:
        con.execute("set threads = 2")
        at(lake).attach(con)
        _register_rows(con, lake, published.position)
        return {
            (measure.name, str(label)): int(value)
            for measure in MEASURES
            for label, value in con.execute(measure.source).fetchall()
        }
    finally:
        con.close()


def _register_rows(con: duckdb.DuckDBPyConnection, lake: Place, upto: int | None) -> None:
    """`orders.orders` and its like, as PostgreSQL has them, from the envelopes up to `upto`."""
    bronze = read_bronze(lake)
    for table, columns in _COLUMNS.items():
        schema, name = table.split(".")
        files = [file for file, _ in bronze[f"shop__{schema}_{name}"].files]
        con.execute(f"create schema if not exists {schema}")
        con.execute(f"create table {table} as {_rows(files, columns, upto)}")


def _rows(files: list[str], columns: dict[str, str], upto: int | None) -> str:
    if not files:
        nulls = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in columns.items())
        return f"select {nulls} where false"
    listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    bound = "true" if upto is None else f"_position <= {upto}"
    typed = ", ".join(
        f"cast(json_extract_string(newest.after, '$.{name}') as {kind}) as {name}"
        for name, kind in columns.items()
    )
    return f"""
        with changes as (
            select key, _op, after, (_position, _sequence) as place
            from read_parquet([{listed}], union_by_name = true, hive_partitioning = false)
            where {bound}
        ),
        newest as (
            select arg_max(after, place) as after, arg_max(_op, place) as op, max(place) as place
            from changes where _op <> 't' group by key
        )
        select {typed} from newest
        where op <> 'd'
          and place > coalesce((select max(place) from changes where _op = 't'), (-1, -1))
    """

"""Both sides of every step a load takes, counted: rows, a checksum, money to the minor unit.

The source side is asked in words of its own: of bronze the newest envelope of each key, read from
its JSON and not through the transforms. Checksums are sums of hashes: the order of rows is nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from bodega.data.lake.published import Published, PublishedTable, table_files
from bodega.data.lake.rewrite import among
from bodega.data.lake.storage import Place
from bodega.data.quality.policy import Policy, TablePolicy

_Figures = dict[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class Line:
    """A figure on both sides of a hop such as `bronze → silver`: text, so that no digit is lost."""

    hop: str
    table: str
    measure: str
    source: str
    target: str

    @property
    def agrees(self) -> bool:
        return self.source == self.target

    def __str__(self) -> str:
        return f"{self.hop} {self.table}, {self.measure}: {self.source} ≠ {self.target}"

    def row(self, at: datetime, *, load: str) -> Mapping[str, object]:
        """As history keeps it."""
        return {
            "noted_at": at,
            "load": load,
            "hop": self.hop,
            "table_name": self.table,
            "measure": self.measure,
            "source": self.source,
            "target": self.target,
            "agrees": self.agrees,
        }


def compared(
    hop: str, table: str, source: Mapping[str, object], target: Mapping[str, object]
) -> list[Line]:
    """A line a measure; what one side does not know is 0 there."""
    names = dict.fromkeys([*source, *target])
    return [
        Line(hop, table, name, str(source.get(name, 0)), str(target.get(name, 0))) for name in names
    ]


def bronze_to_silver(
    con: duckdb.DuckDBPyConnection, policy: Policy, moved: Iterable[str], upto: int
) -> list[Line]:
    """The keys of each moved table that changed in this load, on both sides."""
    lines = []
    for name in moved:
        declared = policy.of(f"bronze.{name}")
        if declared.into is not None:
            lines += _changed_keys(con, name, declared, upto)
    return lines


def _changed_keys(
    con: duckdb.DuckDBPyConnection, name: str, declared: TablePolicy, upto: int
) -> list[Line]:
    fields = [*declared.money, *([declared.currency] if declared.currency else [])]
    paths = ", ".join(f"'$.{field}'" for field in fields)
    con.execute(
        f"""
        create or replace temp table load_newest as
        with changes as not materialized (
            select key, _op, after, (_position, _sequence) as place from bronze."{name}"
            where _position <= {int(upto)} and _position > coalesce(
                (select since from meta.bronze where table_name = '{name}'), -1)
        ),
        envelopes as not materialized (
            select key, place, struct_pack(
                op := _op, told := json_extract_string(after, [{paths}]::varchar[])) as row
            from changes where _op <> 't' and key is not null
        ),
        several as (select key from envelopes group by key having count(*) > 1),
        newest as (
            select key, row, place from envelopes where key not in (select key from several)
            union all
            select key, arg_max(row, place), max(place)
            from envelopes where key in (select key from several) group by key
        )
        select key, row.told, row.op <> 'd' and place > coalesce(
            (select max(place) from changes where _op = 't'), (-1, -1)) as stands
        from newest
        """
    )
    said = [f"try_cast(told[{nth}] as bigint)" for nth in range(1, len(declared.money) + 1)]
    currency = f"told[{len(fields)}]" if declared.currency else "null"
    source = _counted(con, f"from load_newest where stands group by {currency}", currency, said)
    held = [f's."{column}"' for column in declared.money]
    there = f's."{declared.currency}"' if declared.currency else "null"
    target = _counted(
        con,
        f"from staging.{declared.into} s semi join load_newest n on n.key = s.key "
        f"where not s._deleted group by {there}",
        there,
        held,
    )
    con.execute("drop table load_newest")
    names = declared.money
    return compared(
        "bronze → silver", str(declared.into), _figures(source, names), _figures(target, names)
    )


def _counted(
    con: duckdb.DuckDBPyConnection, tail: str, currency: str, money: Sequence[str]
) -> list[tuple[object, ...]]:
    sums = "".join(f", sum({column})::varchar" for column in money)
    return con.execute(
        f"select {currency}::varchar, count(*), sum(hash(key))::hugeint{sums} {tail} order by 1"
    ).fetchall()


def _figures(rows: Sequence[tuple[object, ...]], money: Sequence[str]) -> dict[str, object]:
    """Rows and checksum over all, money per currency."""
    found: dict[str, object] = {
        "rows": sum(int(str(row[1])) for row in rows),
        "checksum": sum(int(str(row[2])) for row in rows),
    }
    for row in rows:
        for column, total in zip(money, row[3:], strict=True):
            if total is not None:
                found[f"{column} {row[0] or 'all'}"] = total
    return found


_SALES = """
    with standing as (
        select l.currency, l.quantity, l.total_amount
        from silver.order_lines l
        join silver.orders o on o.id = l.order_id
        where o.status <> 'cancelled' and {o_within}
        union all
        select l.currency, -l.quantity, -l.total_amount
        from silver.return_lines l
        join silver.returns r on r.id = l.return_id
        where {r_within}
    )
    select currency, count(*), sum(quantity), sum(total_amount) from standing group by 1 order by 1
"""
_SOLD = """
    select currency, count(*), sum(quantity), sum(total_amount)
    from gold.fct_order_lines where {among} group by 1 order by 1
"""
_ORDERS = """
    select currency, count(*), sum(hash(id, status)), sum(total_amount)
    from silver.orders o where {o_within} group by 1 order by 1
"""
_ORDERED = """
    select currency, count(*), sum(hash(order_id, status)), sum(total_amount)
    from gold.fct_orders where {among} group by 1 order by 1
"""


def silver_to_gold(
    con: duckdb.DuckDBPyConnection, parts: Mapping[str, Collection[str]] | None = None
) -> list[Line]:
    """Orders and the lines that stand, per currency: whole, or of `parts` these months."""
    found = []
    for table, names, source, target in (
        ("fct_order_lines", ("rows", "quantity", "total_amount"), _SALES, _SOLD),
        ("fct_orders", ("rows", "checksum", "total_amount"), _ORDERS, _ORDERED),
    ):
        where = _of((parts or {}).get(table))
        sides = [
            _by_currency(con.execute(sql.format(**where)).fetchall(), names)
            for sql in (source, target)
        ]
        found += compared("silver → gold", table, *sides)
    return found


def _of(months: Collection[str] | None) -> dict[str, str]:
    return {
        "o_within": within("o.occurred_at", months),
        "r_within": within("r.occurred_at", months),
        "among": among("order_month", months),
    }


def within(column: str, months: Collection[str] | None) -> str:
    """SQL for an instant in one of `months`, such as 2026-11; true where there is no choice."""
    if months is None:
        return "true"
    spans = (
        f"({column} >= timestamptz '{month}-01 00:00:00Z'"
        f" and {column} < timestamptz '{month}-01 00:00:00Z' + interval 1 month)"
        for month in sorted(months)
    )
    return f"({' or '.join(spans)})" if months else "false"


def _by_currency(rows: Sequence[tuple[object, ...]], names: Sequence[str]) -> dict[str, object]:
    return {
        f"{name} {row[0]}": value
        for row in rows
        for name, value in zip(names, row[1:], strict=True)
    }


def gold_to_published(
    con: duckdb.DuckDBPyConnection,
    lake: Place,
    published: Published,
    written: Mapping[str, Sequence[str]],
) -> list[Line]:
    """What was written in this load, read back from the files and compared with the warehouse."""
    lines = []
    for name, parts in written.items():
        table = published.tables[name]
        files = table_files(lake, name, table.version)
        sides = [
            _sums(con, f'gold."{name}"', table, parts),
            _sums(con, _stored(files, table), table, parts),
        ]
        lines += compared("gold → published", name, *sides)
    return lines


def _stored(files: Sequence[str], table: PublishedTable) -> str:
    if not files:
        return "(select null where false)"
    listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    by = table.partition_by
    types = f", hive_types = {{'{by}': 'varchar'}}" if by else ""
    parted = "true" if by else "false"
    return f"read_parquet([{listed}], hive_partitioning = {parted}{types})"


def _sums(
    con: duckdb.DuckDBPyConnection, relation: str, table: PublishedTable, parts: Sequence[str]
) -> dict[str, object]:
    """Rows, checksum and sums of money of the partitions `parts`."""
    row = ", ".join(f'cast("{name}" as {kind})' for name, kind in table.columns.items())
    money = [n for n, kind in table.columns.items() if n.endswith("_amount") and kind == "BIGINT"]
    by = "currency" if "currency" in table.columns and money else "null"
    where = "true"
    if table.partition_by:
        listed = ", ".join("'" + part.replace("'", "''") + "'" for part in parts)
        where = f'"{table.partition_by}" in ({listed})'
    if relation.startswith("(select null"):
        return {"rows": 0}
    sums = "".join(f', sum("{name}")::varchar' for name in money)
    rows = con.execute(
        f"select {by}::varchar, count(*), sum(hash({row}))::hugeint{sums} "
        f"from {relation} where {where} group by 1 order by 1"
    ).fetchall()
    return _figures(rows, money)

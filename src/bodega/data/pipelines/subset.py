"""A small lake that hangs together: some orders, and every row of bronze that they lead to."""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from bodega.data.ingest.bronze import COMPLETE, SCHEMA
from bodega.data.lake.access import AccessLog
from bodega.data.lake.delta import AppendOnlyTable
from bodega.data.lake.paths import BRONZE, FEED_STATE
from bodega.data.lake.storage import LakeRoot
from bodega.data.pipelines.bronze import read_bronze, register
from bodega.kernel.errors import Conflict

_BATCH = 50_000


class NotEmpty(Conflict):
    code = "lake_subset_not_empty"
    title = "The sample needs a folder without a lake in it"


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows of `table` for which `wanted` holds. `row` is the newest row as JSON; a table named
    before is known as a set of rows by its short name."""

    table: str
    name: str
    wanted: str


_PARTS = (
    _Part("shop__orders_orders", "orders", "row->>'id' in (select id from picked)"),
    _Part("shop__orders_order_lines", "lines", "row->>'order_id' in (select id from picked)"),
    _Part("shop__orders_returns", "returns", "row->>'order_id' in (select id from picked)"),
    _Part(
        "shop__orders_return_lines",
        "return_lines",
        "row->>'return_id' in (select row->>'id' from returns)",
    ),
    _Part(
        "shop__payments_payments",
        "payments",
        "row->>'checkout_id' in (select row->>'checkout_id' from orders)",
    ),
    _Part(
        "shop__payments_refunds",
        "refunds",
        "row->>'payment_id' in (select row->>'id' from payments)",
    ),
    _Part(
        "shop__payments_ledger_entries",
        "entries",
        "row->>'payment_id' in (select row->>'id' from payments)",
    ),
    _Part(
        "shop__payments_ledger_lines",
        "entry_lines",
        "row->>'entry_id' in (select row->>'id' from entries)",
    ),
    _Part(
        "shop__identity_users",
        "users",
        "row->>'id' in (select row->>'customer_id' from orders union "
        "select row->>'customer_id' from returns)",
    ),
    _Part(
        "shop__catalog_products",
        "products",
        "row->>'id' in (select row->>'product_id' from lines union "
        "select row->>'product_id' from return_lines)",
    ),
    _Part(
        "shop__catalog_variants",
        "variants",
        "row->>'product_id' in (select row->>'id' from products)",
    ),
    _Part(
        "shop__inventory_levels",
        "levels",
        "row->>'variant_id' in (select row->>'id' from variants)",
    ),
    _Part(
        "shop__inventory_movements",
        "movements",
        "row->>'variant_id' in (select row->>'id' from variants)",
    ),
    _Part(
        "shop__reviews_reviews",
        "reviews",
        "row->>'product_id' in (select row->>'id' from products) "
        "and row->>'customer_id' in (select row->>'id' from users)",
    ),
    _Part(
        "shop__pricing_redemptions",
        "redemptions",
        "row->>'checkout_id' in (select row->>'checkout_id' from orders)",
    ),
    _Part(
        "shop__pricing_promotions",
        "promotions",
        "row->>'id' in (select row->>'promotion_id' from redemptions)",
    ),
    _Part(
        "shop__pricing_coupons",
        "coupons",
        "row->>'code' in (select row->>'coupon_code' from redemptions)",
    ),
    _Part(
        "shop__cart_abandonments",
        "abandonments",
        "row->>'customer_id' in (select row->>'id' from users)",
    ),
)


def subset(lake: LakeRoot, target: LakeRoot, *, rows: int) -> dict[str, int]:
    """Copy the whole history of `rows` orders, always the same ones, and of what they lead to;
    how many changes of each table. Personal values stay sealed. Raises NotEmpty."""
    if target.read_json(FEED_STATE) is not None or target.names(BRONZE):
        raise NotEmpty
    bronze = read_bronze(lake)
    with duckdb.connect(config={"threads": 2, "memory_limit": "1GB"}) as con:
        con.execute("set TimeZone = 'UTC'")
        lake.attach(con)
        register(con, bronze.values(), {})
        _pick(con, rows)
        copied = {part.table: _copy(con, target, part) for part in _PARTS}
    position = max(table.position for table in bronze.values())
    AccessLog(lake).note(
        "subset",
        tables=[f"{BRONZE}.{name}" for name, count in copied.items() if count],
        rows=sum(copied.values()),
        purpose=f"into {target}, personal values sealed",
    )
    target.write_json(FEED_STATE, {"position": position})
    return copied


def _pick(con: duckdb.DuckDBPyConnection, rows: int) -> None:
    for part in _PARTS:
        con.execute(
            f"create view all_{part.name} as select key, cast(arg_max(after, "
            "(_position, _sequence)) filter (where after is not null) as json) as row "
            f'from bronze."{part.table}" where key is not null group by key'
        )
    con.execute(
        "create temp table picked as select row->>'id' as id from all_orders "
        f"where row is not null order by md5(row->>'id') limit {int(rows)}"
    )


def _copy(con: duckdb.DuckDBPyConnection, target: LakeRoot, part: _Part) -> int:
    con.execute(
        f"create temp table {part.name} as select * from all_{part.name} where {part.wanted}"
    )
    table = AppendOnlyTable(target.uri(f"{BRONZE}/{part.table}"), SCHEMA, options=target.options)
    table.create()
    copied = 0
    for batch in _batches(con, part):
        copied += batch.num_rows
        table.append(batch, {COMPLETE: int(batch["_position"][-1].as_py())})
    return copied


def _batches(con: duckdb.DuckDBPyConnection, part: _Part) -> Iterator[pa.Table]:
    """Truncates come along: they are part of every row's history."""
    reader = con.execute(
        f'select * from bronze."{part.table}" where key is null or key in '
        f"(select key from {part.name}) order by _position, _sequence"
    ).to_arrow_reader(_BATCH)
    for batch in reader:
        yield pa.Table.from_batches([batch]).cast(SCHEMA)

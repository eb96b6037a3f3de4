"""Bronze to gold of real data, whole, beside plain DuckDB over the files themselves.

    python -m benchmarks.gold_build [--data FOLDER] [--only online-retail|completejourney]

FOLDER (BODEGA_TEST_DATA, ../shared/data) holds `online-retail/*.csv.gz` (UCI) and
`completejourney/transactions.parquet` (dunnhumby). The floor reads the same file, and makes lines,
days, products and customers of it in one go: no history, no tests, no checks, nothing kept. Each
side is a process of its own; what the sums hold is compared.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

from benchmarks.ten_million import _measured

SETS = ("online-retail", "completejourney")
_READ = {
    "online-retail": """
        select row_number() over () as n, "InvoiceNo" as basket, "StockCode" as product,
            "CustomerID"::varchar as buyer, cast("Quantity" as bigint) as quantity,
            cast(round("Quantity" * "UnitPrice" * 100) as bigint) as amount,
            strptime("InvoiceDate", {format}) as sold_at, 'GBP' as currency
        from read_csv('{path}', all_varchar = false, sample_size = -1,
            types = {{'StockCode': 'VARCHAR', 'InvoiceNo': 'VARCHAR', 'UnitPrice': 'DECIMAL(18,4)',
                      'CustomerID': 'VARCHAR', 'InvoiceDate': 'VARCHAR'}})
        where "Quantity" > 0 and "UnitPrice" > 0 and not starts_with("InvoiceNo", 'C')""",
    "completejourney": """
        select row_number() over () as n, basket_id::varchar as basket,
            product_id::varchar as product, household_id::varchar as buyer, quantity,
            cast(round(sales_value * 100) as bigint) as amount, transaction_timestamp as sold_at,
            'USD' as currency
        from read_parquet('{path}')""",
}
_FLOOR = """
create table lines as {read};
create table days as select sold_at::date as day, count(distinct basket) as orders,
    sum(quantity) as units, sum(amount) as amount from lines group by 1;
create table products as select sold_at::date as day, product, sum(quantity) as units,
    sum(amount) as amount from lines group by all;
create table buyers as select buyer, count(distinct basket) as orders, min(sold_at) as first,
    max(sold_at) as last, sum(amount) as amount from lines group by 1;
"""
_ENVELOPE = """
select json_object('id', id)::varchar as key, null::varchar as before,
    to_json(row)::varchar as after, []::varchar[] as unchanged, 0::bigint as ts_ms,
    1::bigint as txid, 'shop' as _source, 10::bigint as _position,
    (row_number() over ())::integer as _sequence, 'c' as _op, now() as _ingested_at
from ({rows})
"""
_TIMES = "occurred_at := sold_at, known_at := sold_at, ingested_at := sold_at"
_FIRST = "occurred_at := min(sold_at), known_at := min(sold_at), ingested_at := min(sold_at)"
_TABLES = {
    "orders_orders": f"""
        select basket as id, struct_pack(id := basket,
            number := row_number() over (order by basket),
            customer_id := any_value(buyer), country := 'GB', status := 'paid',
            subtotal_amount := sum(amount), total_amount := sum(amount), currency := 'XXX',
            {_FIRST}) as row
        from lines group by basket""",
    "orders_order_lines": f"""
        select n::varchar as id, struct_pack(id := n::varchar, order_id := basket,
            kind := 'product', product_id := product, quantity := quantity,
            total_amount := amount, currency := currency, {_TIMES}) as row
        from lines""",
    "catalog_products": f"""
        select product as id, struct_pack(id := product, slug := product, title := product,
            status := 'active', {_FIRST}) as row
        from lines group by product""",
    "identity_users": f"""
        select buyer as id, struct_pack(id := buyer, role := 'customer', status := 'active',
            country := 'GB', {_FIRST}) as row
        from lines where buyer is not null group by buyer""",
}


def _source(name: str, data: Path) -> str:
    pattern = "*.csv.gz" if name == "online-retail" else "transactions.parquet"
    path = next((data / name).glob(pattern))
    return _READ[name].format(path=path, format="'%Y-%m-%d %H:%M:%S'")


def fill(name: str, data: Path, lake: Path) -> None:
    """The data set as the change feed would have left it in bronze."""
    from bodega.data.ingest.bronze import COMPLETE, SCHEMA
    from bodega.data.lake.delta import AppendOnlyTable

    currency = "GBP" if name == "online-retail" else "USD"
    with duckdb.connect(config={"threads": 2}) as con:
        con.execute("set TimeZone = 'UTC'")
        con.execute(f"create table lines as {_source(name, data)}")
        for table, rows in _TABLES.items():
            envelope = _ENVELOPE.format(rows=rows.replace("'XXX'", f"'{currency}'"))
            target = AppendOnlyTable(str(lake / "bronze" / f"shop__{table}"), SCHEMA)
            target.create()
            target.append(con.execute(envelope).to_arrow_table().cast(SCHEMA), {COMPLETE: 10})


def floor(name: str, data: Path, lake: Path) -> None:
    con = duckdb.connect(str(lake.parent / "floor.duckdb"), config={"threads": 2})
    _measured(f"{name}: plain DuckDB", lambda: con.execute(_FLOOR.format(read=_source(name, data))))
    print(
        f"{'':28} lines, cents: {con.execute('select count(*), sum(amount) from lines').fetchone()}"
    )


def gold(name: str, _data: Path, lake: Path) -> None:
    from bodega.data.lake.query import query
    from bodega.data.pipelines.dbt import Project
    from bodega.data.pipelines.refresh import refresh
    from bodega.data.pipelines.warehouse import Warehouse

    warehouse = Warehouse(lake)
    plan = Project(warehouse).plan()
    outcome = _measured(f"{name}: bronze to gold", lambda: refresh(warehouse, plan))
    assert not outcome.failures, outcome.failures
    asked = "select count(*), sum(total_amount) from gold.fct_order_lines"
    print(f"{'':28} lines, cents: {query(lake, asked).rows[0]}")


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    default = Path(os.environ.get("BODEGA_TEST_DATA", "../shared/data"))
    arguments.add_argument("--data", type=Path, default=default)
    arguments.add_argument("--only", choices=SETS)
    arguments.add_argument("--step", nargs=3, help=argparse.SUPPRESS)
    asked = arguments.parse_args()
    if asked.step:
        step, name, lake = asked.step
        {"fill": fill, "floor": floor, "gold": gold}[step](name, asked.data, Path(lake))
        return
    for name in [asked.only] if asked.only else SETS:
        if not (asked.data / name).is_dir():
            print(f"{name}: not in {asked.data}, left out")
            continue
        with tempfile.TemporaryDirectory() as scratch:
            for step in ("fill", "floor", "gold"):
                command = [sys.executable, "-m", "benchmarks.gold_build", "--data", str(asked.data)]
                subprocess.run([*command, "--step", step, name, f"{scratch}/lake"], check=True)


if __name__ == "__main__":
    main()

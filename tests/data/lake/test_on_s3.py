"""The whole way on an object store: change feed → bronze → gold → query, upkeep and time travel."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bodega.apps import cli
from bodega.apps.sources import checked, read_all
from bodega.backbone.settings import Settings, load_settings
from bodega.data.ingest.feed import Landings, bronze_feed
from bodega.data.lake.access import AccessLog
from bodega.data.lake.care import care
from bodega.data.lake.errors import LakeUnavailable
from bodega.data.lake.policy import policies
from bodega.data.lake.query import query
from bodega.data.lake.sets import hold, release, remembered
from bodega.data.lake.storage import LakeRoot
from bodega.data.pipelines.mapped import mapped_stamp, read_mapped
from bodega.data.pipelines.plan import Plan
from bodega.data.pipelines.reconcile import reconcile
from bodega.data.pipelines.refresh import complete_position, refresh
from bodega.data.pipelines.warehouse import Warehouse
from tests.backbone.changes.databases import TestDatabase, database, eventually, running, server
from tests.data.lake.s3 import BUCKET, KEY_ID, SECRET, s3_server

__all__ = ["database", "server"]

AT = "now(), now(), now()"
TIMES = "occurred_at timestamptz, known_at timestamptz, ingested_at timestamptz"
ORDERS = ("id", "number", "status", "subtotal_amount", "total_amount", "currency")
LINES = ("id", "order_id", "kind", "quantity", "total_amount", "currency")
STAMPS = ("occurred_at", "known_at", "ingested_at")
PUBLISHED = {"orders.orders": (*ORDERS, *STAMPS), "orders.order_lines": (*LINES, *STAMPS)}


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with s3_server(tmp_path_factory.mktemp("s3")) as endpoint:
        yield endpoint


@pytest.fixture
def settings(
    endpoint: str, tmp_path: Path, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """A shop whose lake lies in the bucket; commands read the same from the environment."""
    said = {
        "BODEGA_DATA_DIR": str(tmp_path),
        "BODEGA_LAKE_URL": f"s3://{BUCKET}/shop",
        "BODEGA_LAKE_S3_ENDPOINT": endpoint,
        "BODEGA_LAKE_S3_KEY_ID": KEY_ID,
        "BODEGA_LAKE_S3_SECRET": SECRET,
        "BODEGA_LAKE_FLUSH_SECONDS": "0.2",
        "BODEGA_DATABASE_URL": database.dsn,
    }
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return load_settings()


def sell(database: TestDatabase, number: int, amount: int) -> None:
    database.run(
        f"INSERT INTO orders.orders VALUES "
        f"('o{number}', {number}, 'paid', {amount}, {amount}, 'GBP', {AT})",
        f"INSERT INTO orders.order_lines VALUES "
        f"('l{number}', 'o{number}', 'product', 1, {amount}, 'GBP', {AT})",
    )


def sales(root: LakeRoot) -> list[tuple[Any, ...]]:
    return query(root, "select orders, net_amount from gold.mart_daily_sales").rows


def test_a_sale_goes_the_whole_way_on_an_object_store(
    settings: Settings, database: TestDatabase, empty_warehouse: Path, plan: Plan
) -> None:
    database.run(
        "CREATE SCHEMA orders",
        "CREATE TABLE orders.orders (id text PRIMARY KEY, number bigint, status text, "
        f"subtotal_amount bigint, total_amount bigint, currency char(3), {TIMES})",
        "CREATE TABLE orders.order_lines (id text PRIMARY KEY, order_id text, kind text, "
        f"quantity bigint, total_amount bigint, currency char(3), {TIMES})",
    )
    sell(database, 1, 500)
    root = LakeRoot.of(settings)
    root.work.mkdir(parents=True)
    shutil.copy(empty_warehouse, root.work / "warehouse.duckdb")
    warehouse = Warehouse(root, memory_mb=512)
    landings = Landings()

    def landed() -> None:
        news = landings.wait(timeout=60)
        assert news is not None
        eventually(lambda: (complete_position(root) or 0) >= news.position)

    def built() -> str:
        outcome = refresh(warehouse, plan, upto=complete_position(root))
        assert not outcome.failures, outcome.failures
        return outcome.state

    with running(bronze_feed(settings, PUBLISHED, landings)):
        eventually(lambda: complete_position(root) is not None and root.is_delta(BRONZE_ORDERS))
        landed()
        assert built() == "published"
        assert sales(root) == [(1, 500)]
        first = datetime.now(UTC)
        sell(database, 2, 250)
        eventually(lambda: built() == "published" and sales(root) == [(2, 750)])
    assert built() == "nothing"
    assert all(line.agrees for line in reconcile(root))

    # Nothing but the warehouse is on this machine's disk.
    assert not list(root.work.rglob("*.parquet"))
    assert len(remembered(root)) >= 1
    assert hold(root, first).held
    assert not release(root).held
    cared = care(root, policies(settings), bronze_files=True)
    assert cared.archived == {}
    assert sales(root) == [(2, 750)]

    done = CliRunner().invoke(cli.app, ["query", "select number from gold.fct_orders", "-f", "csv"])
    assert done.output.split() == ["number", "1", "2"]
    assert AccessLog(root).share(now=True)
    record = AccessLog(LakeRoot.of(settings.model_copy(update={"data_dir": root.work / "other"})))
    assert "gold.fct_orders" in {table for read in record.reads() for table in read.tables}
    assert record.check() == []


BRONZE_ORDERS = "bronze/shop__orders_orders"


def test_a_store_that_refuses_is_told_in_words(endpoint: str, tmp_path: Path) -> None:
    from bodega.data.lake.s3 import S3Access

    wrong = S3Access(endpoint, "", KEY_ID, "wrong")
    root = LakeRoot(f"s3://{BUCKET}/shop", work=tmp_path, access=wrong)
    with pytest.raises(LakeUnavailable, match="s3://lake/shop"):
        root.write_json("published/current.json", {})


SUPPLIERS = """
sources:
  suppliers:
    kind: files
    s3: {endpoint: "ENDPOINT", region: us-east-1,
         access_key: {env: BODEGA_LAKE_S3_KEY_ID}, secret_key: {env: BODEGA_LAKE_S3_SECRET}}
    streams:
      prices: 
        path: "s3://BUCKET/drop/**/prices-*.csv"
        key: [sku]
        fields: {price: "decimal(12,2)"}
      one: {path: "s3://BUCKET/drop/monday/prices-1.csv"}
mappings:
  price_list:
    key: [sku]
    columns: {sku: string, price: "decimal(12,2)"}
    from: [{stream: suppliers.prices, fields: {sku: sku, price: price}}]
"""


def put(store: Any, name: str, text: str) -> None:
    with store.open_output_stream(f"{BUCKET}/{name}") as stream:
        stream.write(text.encode())


def test_files_of_a_bucket_are_a_source_and_what_they_map_to_lies_there_too(
    settings: Settings, endpoint: str
) -> None:
    store = LakeRoot.of(settings)._access.filesystem()
    put(store, "drop/monday/prices-1.csv", "sku;price\nA;2,50\nB;dear\n".replace(",", "."))
    put(store, "drop/tuesday/late/prices-2.csv", "sku;price\nA;3.00\nC;1.00\n")
    put(store, "drop/monday/notes.txt", "nothing of ours")
    said = SUPPLIERS.replace("ENDPOINT", endpoint).replace("BUCKET", BUCKET)
    Path("sources.yml").write_text(said)
    ours = load_settings(sources_file=Path("sources.yml"))
    assert [finding for finding in checked(ours, None) if not finding.ok] == []

    prices, one = read_all(ours, None, full=False)
    assert (prices.error, prices.rows, prices.kept, prices.set_aside) == (None, 4, 3, 1)
    assert (one.error, one.kept) == (None, 2)
    again = read_all(ours, "suppliers.prices", full=False)
    assert [report.rows for report in again] == [0]

    root = LakeRoot.of(ours)
    listed = root.delta("silver/price_list").to_pyarrow_table().to_pylist()
    assert {row["sku"]: str(row["price"]) for row in listed} == {"A": "3.00", "C": "1.00"}
    assert mapped_stamp(root) != (0, 0)
    assert read_mapped(root)["price_list"].version == 0


def test_a_bucket_that_refuses_is_told_in_words(settings: Settings, endpoint: str) -> None:
    said = SUPPLIERS.replace("ENDPOINT", endpoint).replace("BUCKET", "nobodys")
    Path("sources.yml").write_text(said.replace("_KEY_ID", "_WRONG"))
    ours = load_settings(sources_file=Path("sources.yml"))
    findings = checked(ours, "suppliers.one")
    assert not any(finding.ok for finding in findings)
    assert "BODEGA_LAKE_S3_WRONG" in findings[0].says

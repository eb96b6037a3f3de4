"""A made-up history of any size straight into the lake: the shop's own, without the shop."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from deltalake import DeltaTable
from typer.testing import CliRunner

from bodega.apps import cli
from bodega.data.ingest.seed.bulk import LakeNotEmpty, seed_bronze
from bodega.data.ingest.seed.history import History
from bodega.data.ingest.seed.plan import SeedPlan
from bodega.data.lake.storage import LakeRoot
from bodega.data.pipelines.bronze import read_bronze, register
from bodega.data.pipelines.refresh import complete_position

PLAN = SeedPlan(datetime(2026, 11, 1, tzinfo=UTC), orders=400, days=90, products=20)


THE_SAME_SHOP = "23f92a60235181b5bf4774f764d58ff02691caeb9365a4cb9684325bb45bb5e1"
"""Every key and row of it, in order: a plan makes this, however it is made."""


def digest(root: LakeRoot) -> str:
    told, columns = hashlib.sha256(), ["_position", "_sequence", "key", "after"]
    for log in sorted(Path(str(root)).rglob("_delta_log")):
        table = DeltaTable(str(log.parent)).to_pyarrow_table(columns=columns)
        for row in sorted(tuple(one[name] for name in columns) for one in table.to_pylist()):
            told.update(repr(row).encode())
    return told.hexdigest()


def test_the_lake_holds_the_same_orders_as_the_shop_would(tmp_path: Path) -> None:
    root = LakeRoot(tmp_path)
    told: list[int] = []
    written = seed_bronze(PLAN, root, lines=500, progress=told.append)
    assert 500 <= written < 520
    assert told == [written]
    assert digest(root) == THE_SAME_SHOP
    orders = [order for batch, _ in History(PLAN).batches() for order in batch]
    with duckdb.connect() as con:
        register(con, read_bronze(root).values(), {})
        rows = con.execute('select after from bronze."shop__orders_orders" order by _sequence')
        found = [json.loads(text) for (text,) in rows.fetchall()]
        lines = con.execute('select count(*) from bronze."shop__orders_order_lines"').fetchone()
    assert lines == (written,)
    expected = [
        (str(order.id), sum(line.total.amount for line in order.lines))
        for order in orders[: len(found)]
    ]
    assert [(row["id"], row["total_amount"]) for row in found] == expected
    assert [row["number"] for row in found] == list(range(1, len(found) + 1))
    assert complete_position(root) == max(t.position for t in read_bronze(root).values())


def test_a_lake_that_holds_something_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BODEGA_DATA_DIR", str(tmp_path))
    asked = ["seed", "--lake-lines", "50", "--products", "20"]
    done = CliRunner().invoke(cli.app, asked)
    assert done.exit_code == 0, done.output
    assert "order lines" in done.output
    with pytest.raises(LakeNotEmpty):
        seed_bronze(PLAN, LakeRoot(tmp_path / "lake"), lines=10)

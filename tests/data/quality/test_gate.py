"""What keeps a load back, what is told to people, and when that is over."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from deltalake import write_deltalake

from bodega.apps.ages import tell_ages
from bodega.backbone.settings import Settings
from bodega.data.lake.publish import GoldTable, publish
from bodega.data.lake.published import Published, PublishedTable, replace_published
from bodega.data.lake.storage import LakeRoot
from bodega.data.operations.alerts import alerts
from bodega.data.quality.freshness import freshness
from bodega.data.quality.gate import Gate
from bodega.data.quality.history import History
from bodega.data.quality.late import tell_late
from bodega.data.quality.policy import Policy, read_policy
from bodega.kernel.clock import FixedClock

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAILY = "sources: {till: {kind: files, streams: {sales: {path: '*.csv', key: [id]}}}}"


def test_a_rule_that_blocks_is_written_down_once_while_it_stays(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    gate = Gate(tmp_path)
    for table in ("gold.fct_orders", "silver.orders"):
        con.execute(f"update {table} set currency = 'quid' where id = 'a'")
    for _ in range(2):
        failures = gate.admit(con, [], 30)
        assert any("gold.fct_orders currency pattern" in f and "quid" in f for f in failures)
    kept = History(LakeRoot(tmp_path)).rows("results", "not passed and severity = 'block'")
    assert [row["check_name"] for row in kept] == ["currency pattern"]
    for table in ("gold.fct_orders", "silver.orders"):
        con.execute(f"update {table} set currency = 'GBP'")
    assert not any("currency" in failure for failure in gate.admit(con, [], 30))


def test_what_readers_were_given_is_read_back_and_a_difference_told(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    gate, tables = (
        Gate(tmp_path),
        [GoldTable("fct_orders"), GoldTable("fct_order_lines", "currency")],
    )
    written = publish(con, tmp_path, tables, known_at=None, position=30)
    assert gate.published(con, written, 30) == []
    con.execute("update gold.fct_orders set total_amount = total_amount + 1 where id = 'a'")
    con.execute("delete from gold.fct_order_lines where id = 'a'")
    wrong = gate.published(con, written, 30)
    assert [line.partition(",")[0] for line in wrong if "rows" in line] == [
        "gold → published fct_order_lines"
    ]
    assert any("fct_orders, total_amount GBP: 456 ≠ 455" in line for line in wrong)
    told = {alert.key: alert.count for alert in alerts(tmp_path, open_only=True)}
    assert told == {"quality:fct_orders": 1, "quality:fct_order_lines": 1}
    con.execute("update gold.fct_orders set total_amount = total_amount - 1 where id = 'a'")
    gate.published(con, {"fct_orders": [""]}, 31)
    assert [a.key for a in alerts(tmp_path, open_only=True)] == ["quality:fct_order_lines"]


@pytest.mark.parametrize(("left", "blocked"), [(900, False), (700, True)], ids=["some", "many"])
def test_a_table_that_loses_many_of_its_rows_is_not_published(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, left: int, blocked: bool
) -> None:
    con.execute("create table gold.fct_payments as select 1 as payment_id from range(?)", [left])
    before = PublishedTable(version=1, rows=1000, columns={}, prints={}, updated_at=NOW)
    replace_published(tmp_path, Published(tables={"fct_payments": before}))
    failures = Gate(tmp_path).admit(con, [], 30)
    assert any("rows lost" in failure for failure in failures) == blocked


def test_a_policy_that_breaks_is_not_followed(tmp_path: Path) -> None:
    own = tmp_path / "quality.yml"
    own.write_text("tables: {gold.x: {owner: me}}")
    gate = Gate(tmp_path, own)
    assert gate.policy.of("gold.x").owner == "me"
    own.write_text("tables: {x: {}}")
    later = own.stat().st_mtime + 5
    os.utime(own, (later, later))
    assert gate.policy.of("gold.x").owner == "me"
    assert [alert.key for alert in alerts(tmp_path, open_only=True)] == ["file:quality"]
    assert Gate(tmp_path, own).policy.of("gold.x").owner == "me", "after a restart, too"
    own.write_text("tables: {gold.x: {owner: you}}")
    assert gate.policy.of("gold.x").owner == "you"
    assert alerts(tmp_path, open_only=True) == []


def test_a_sources_yml_that_breaks_is_told_and_ends_nothing(tmp_path: Path) -> None:
    (file := tmp_path / "sources.yml").write_text(DAILY)
    settings = Settings(_env_file=None, data_dir=tmp_path, sources_file=file)
    promised = {"freshness": {"warn": "1 minute", "late": "1 minute", "of": "at"}}
    policy = Policy.model_validate({"tables": {"bronze.till__sales": promised}})
    root = LakeRoot(tmp_path)
    write_deltalake(root.uri("bronze/till__sales"), pa.table({"at": [NOW]}))
    assert tell_ages(settings, root, policy) == ["freshness:bronze.till__sales"]
    file.write_text("sources: [")
    assert tell_ages(settings, root, policy) == []
    found = {alert.key for alert in alerts(tmp_path, open_only=True)}
    assert found == {"freshness:bronze.till__sales", "file:sources"}
    file.write_text("{}")
    tell_ages(settings, root, policy)
    assert alerts(tmp_path, open_only=True) == []


def test_late_tables_are_one_alert_a_cause(tmp_path: Path) -> None:
    root = LakeRoot(tmp_path)
    tables = {
        name: PublishedTable(version=1, rows=1, columns={}, prints={}, updated_at=NOW)
        for name in ("fct_orders", "dim_products")
    }
    replace_published(root, Published(tables=tables))

    def told(age: timedelta) -> list[str]:
        root.write_json("status.json", {"checked_at": (NOW - age).isoformat()})
        return tell_late(root, freshness(root, read_policy(), clock=FixedClock(NOW)))

    assert told(timedelta(seconds=5)) == []
    assert told(timedelta(minutes=10)) == ["freshness:shop"]
    found = alerts(tmp_path, open_only=True)
    assert [(a.key, a.count) for a in found] == [("freshness:shop", 1)]
    assert "gold.dim_products, gold.fct_orders" in found[0].detail
    assert told(timedelta(seconds=5)) == []
    assert alerts(tmp_path, open_only=True) == []

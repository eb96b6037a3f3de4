"""A plan on a warehouse: what is new goes in, what fails keeps all below it as it was."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from bodega.data.pipelines.execute import NodeResult, build, build_anew
from bodega.data.pipelines.plan import Column, Node, Plan, in_order

SALES = Node(
    id="model.sales",
    kind="model",
    name="sales",
    parents=("source.bodega.bronze.sold",),
    relation="silver.sales",
    materialized="incremental",
    unique_key="id",
    sql="select id, amount from bronze.sold",
    news="select id, amount from bronze.sold -- the new ones",
)
TOTAL = Node(
    id="model.total",
    kind="model",
    name="total",
    parents=("model.sales",),
    relation="gold.total",
    materialized="table",
    sql="select cast(sum(amount) as bigint) as amount from silver.sales",
    columns=(Column(name="amount", type="bigint", required=True),),
)
SEEN = Node(
    id="model.seen",
    kind="model",
    name="seen",
    parents=("model.total",),
    relation="gold.seen",
    materialized="view",
    sql="select * from gold.total",
)
POSITIVE = Node(
    id="test.positive",
    kind="test",
    name="positive",
    parents=("model.sales",),
    materialized="test",
    sql="select * from silver.sales where amount < 0",
)


def plan(*changed: Node) -> Plan:
    nodes = {node.id: node for node in (SEEN, TOTAL, POSITIVE, SALES, *changed)}
    return Plan(nodes=in_order(nodes.values()), gold=())


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute("create schema bronze")
        con.execute("create table bronze.sold as select 1 as id, 10 as amount")
        yield con


def went(results: list[NodeResult]) -> dict[str, str]:
    return {result.node.name: result.status for result in results}


def one(con: duckdb.DuckDBPyConnection, sql: str) -> Any:
    row = con.execute(sql).fetchone()
    assert row is not None
    return row[0]


def test_nodes_come_after_what_they_read_and_tests_as_early_as_they_can() -> None:
    assert [node.name for node in plan().nodes] == ["sales", "positive", "total", "seen"]
    assert [node.name for node in plan().below(["sold"])] == ["sales", "positive", "total", "seen"]
    assert plan().below(["other"]) == []


def test_what_is_new_takes_the_place_of_what_it_changes(con: duckdb.DuckDBPyConnection) -> None:
    assert set(went(build_anew(con, plan())).values()) == {"success", "pass"}
    con.execute("delete from bronze.sold")
    con.execute("insert into bronze.sold values (1, 11), (2, 5)")
    assert went(build(con, plan(), ["sold"])) == {
        "sales": "success",
        "positive": "pass",
        "total": "success",
    }
    assert one(con, "select amount from gold.seen") == 16
    assert one(con, "select count(*) from silver.sales") == 2


def test_what_is_not_there_is_made(con: duckdb.DuckDBPyConnection) -> None:
    assert went(build(con, plan(), ["sold"]))["seen"] == "success"
    assert one(con, "select amount from gold.seen") == 10


def test_a_table_takes_the_place_of_a_view(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("create schema gold; create view gold.total as select 1 as one")
    build_anew(con, plan())
    assert one(con, "select amount from gold.total") == 10


def test_what_is_below_a_failed_test_stays_as_it_was(con: duckdb.DuckDBPyConnection) -> None:
    build_anew(con, plan())
    con.execute("insert into bronze.sold values (2, -1)")
    results = build(con, plan(), ["sold"])
    assert went(results) == {"sales": "success", "positive": "fail", "total": "skipped"}
    assert [r.message for r in results if r.failed] == ["1 rows are not as they should be"]
    assert one(con, "select amount from gold.total") == 10


def test_a_test_that_only_warns_stops_nothing(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("insert into bronze.sold values (2, -1)")
    lenient = plan(POSITIVE.model_copy(update={"severity": "warn"}))
    assert went(build_anew(con, lenient))["positive"] == "warn"
    few = plan(POSITIVE.model_copy(update={"error_if": "> 5"}))
    assert went(build_anew(con, few))["positive"] == "warn"
    assert one(con, "select amount from gold.total") == 9


def test_a_statement_that_fails_leaves_its_table_alone(con: duckdb.DuckDBPyConnection) -> None:
    build_anew(con, plan())
    broken = plan(SALES.model_copy(update={"news": "select nothing from nowhere"}))
    results = build(con, broken, ["sold"])
    assert went(results) == {"sales": "error", "positive": "skipped", "total": "skipped"}
    assert "nowhere" in results[0].message
    assert one(con, "select count(*) from silver.sales") == 1


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select 1 as amount", "amount is INTEGER, declared BIGINT"),
        ("select 1::bigint as amount, 2 as more", "more is INTEGER, declared nowhere"),
        ("select 1::bigint as money", "amount is not there, declared BIGINT"),
        ("select null::bigint as amount", "NOT NULL constraint failed"),
    ],
    ids=["type", "more", "missing", "null"],
)
def test_a_model_keeps_its_contract(con: duckdb.DuckDBPyConnection, sql: str, said: str) -> None:
    build_anew(con, plan())
    (failed,) = [
        r for r in build_anew(con, plan(TOTAL.model_copy(update={"sql": sql}))) if r.failed
    ]
    assert failed.node.name == "total"
    assert said in failed.message
    assert one(con, "select amount from gold.total") == 10

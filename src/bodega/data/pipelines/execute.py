"""Runs a plan on the warehouse: each model in a transaction of its own, its tests before what reads
it."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

from bodega.data.pipelines import months
from bodega.data.pipelines.plan import Node, Plan

_NEWS, _DECLARED = "_news", "_declared"


@dataclass(frozen=True)
class NodeResult:
    """How one model or test went."""

    node: Node
    status: str
    message: str = ""
    started_at: datetime | None = None
    seconds: float = 0.0

    @property
    def failed(self) -> bool:
        return self.status in ("error", "fail")


class ContractBroken(Exception):
    """A model does not give what its contract says."""


def build(
    con: duckdb.DuckDBPyConnection, plan: Plan, moved: Iterable[str], *, everything: bool = False
) -> list[NodeResult]:
    """Bring what lies below the `moved` tables up to date, each model with its tests, of what
    changed or of `everything`. Views follow their tables by themselves. What fails keeps all below
    it as it was."""
    there = _relations(con)
    nodes = [n for n in plan.below(moved) if n.materialized != "view" or n.relation not in there]
    return _run(con, plan, nodes, there, anew=False, everything=everything)


def build_anew(con: duckdb.DuckDBPyConnection, plan: Plan) -> list[NodeResult]:
    """Make everything from the first change on."""
    return _run(con, plan, plan.nodes, _relations(con), anew=True, everything=True)


def _run(
    con: duckdb.DuckDBPyConnection,
    plan: Plan,
    nodes: Iterable[Node],
    there: Mapping[str, str],
    *,
    anew: bool,
    everything: bool,
) -> list[NodeResult]:
    results: list[NodeResult] = []
    spoilt: set[str] = set()
    for node in nodes:
        if node.id in spoilt:
            results.append(NodeResult(node, "skipped"))
            continue
        if node.kind == "test":
            result = _test(con, node, node.sql if everything else node.news or node.sql)
        else:
            result = _make(con, node, there, anew=anew)
        results.append(result)
        if result.failed:
            bad = [node.id] if node.kind == "model" else node.parents
            spoilt.update(below.id for below in plan.after(bad))
    return results


def _make(
    con: duckdb.DuckDBPyConnection, node: Node, there: Mapping[str, str], *, anew: bool
) -> NodeResult:
    started, clock = datetime.now(UTC), time.monotonic()
    status, message = "success", ""
    con.execute("begin")
    try:
        if node.news is None or anew or there.get(node.relation) != "table":
            _create(con, node, there.get(node.relation))
            if node.month:
                months.note(con, node.name, f"select {node.month} from {node.relation}")
        else:
            _merge(con, node)
        con.execute("commit")
    except (duckdb.Error, ContractBroken) as error:
        status, message = "error", str(error)
        con.execute("rollback")
    return NodeResult(node, status, message, started, time.monotonic() - clock)


def _create(con: duckdb.DuckDBPyConnection, node: Node, before: str | None) -> None:
    kind = "view" if node.materialized == "view" else "table"
    if before not in (None, kind):
        con.execute(f"drop {before} {node.relation}")
    con.execute(f"create schema if not exists {node.relation.partition('.')[0]}")
    _keep_contract(con, node)
    if kind == "view" or not node.columns:
        con.execute(f"create or replace {kind} {node.relation} as (\n{node.sql}\n)")
        return
    names = ", ".join(f'"{column.name}"' for column in node.columns)
    con.execute(f"create or replace table {node.relation} ({_declared(node)})")
    con.execute(f"insert into {node.relation} ({names}) select {names} from (\n{node.sql}\n)")


def _declared(node: Node) -> str:
    return ", ".join(
        f'"{column.name}" {column.type}{" not null" if column.required else ""}'
        for column in node.columns
    )


def _keep_contract(con: duckdb.DuckDBPyConnection, node: Node) -> None:
    """Raises ContractBroken unless the statement gives the declared columns in their types."""
    if not node.columns:
        return
    con.execute(f"create or replace temp table {_DECLARED} ({_declared(node)})")
    said, given = (
        {row[0]: row[1] for row in con.execute(f"describe {what}").fetchall()}
        for what in (_DECLARED, f"select * from (\n{node.sql}\n)")
    )
    con.execute(f"drop table {_DECLARED}")
    if wrong := sorted(
        f"{name} is {given.get(name, 'not there')}, declared {said.get(name, 'nowhere')}"
        for name in said.keys() | given.keys()
        if said.get(name) != given.get(name)
    ):
        raise ContractBroken(f"the contract is broken: {'; '.join(wrong)}")


def _merge(con: duckdb.DuckDBPyConnection, node: Node) -> None:
    """Rows with the keys of the news go, the news come."""
    con.execute(f"create or replace temp table {_NEWS} as (\n{node.news}\n)")
    replaced = f"{node.unique_key} in (select {node.unique_key} from {_NEWS})"
    if node.month:
        months.note(
            con,
            node.name,
            f"select {node.month} from {_NEWS}"
            f" union all select {node.month} from {node.relation} where {replaced}",
        )
    if node.unique_key:
        con.execute(f"delete from {node.relation} where {replaced}")
    con.execute(f"insert into {node.relation} by name select * from {_NEWS}")
    con.execute(f"drop table {_NEWS}")


def _test(con: duckdb.DuckDBPyConnection, node: Node, sql: str) -> NodeResult:
    started, clock = datetime.now(UTC), time.monotonic()
    try:
        row = con.execute(
            f"select {node.failures}, {node.failures} {node.error_if},"
            f" {node.failures} {node.warn_if} from (\n{sql}\n)"
        ).fetchone()
        assert row is not None
        failures, wrong, odd = row
    except duckdb.Error as error:
        return NodeResult(node, "error", str(error), started, time.monotonic() - clock)
    status = "pass"
    if wrong and node.severity == "error":
        status = "fail"
    elif wrong or odd:
        status = "warn"
    message = "" if status == "pass" else f"{failures} rows are not as they should be"
    return NodeResult(node, status, message, started, time.monotonic() - clock)


def _relations(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """By `schema.name`: table or view."""
    rows = con.execute(
        "select schema_name || '.' || table_name, 'table' from duckdb_tables()"
        " union all select schema_name || '.' || view_name, 'view' from duckdb_views()"
    )
    return dict(rows.fetchall())

"""Which tables and personal columns a query reads, as the engine plans it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import duckdb

from bodega.data.lake.paths import CATALOGUE
from bodega.data.lake.storage import Place, at

SCHEMAS = ("gold", "mapped")
# Known to be personal even where no catalogue has been made yet.
ALWAYS = frozenset({"email_token", "buyer_key"})
Personal = Mapping[str, frozenset[str]]


class Touched(NamedTuple):
    """`gold.fct_orders`, and `gold.fct_orders.email_token` of it."""

    tables: list[str]
    personal: list[str]


def personal_columns(lake: Place) -> Personal:
    """By table, as the catalogue says; empty while there is none."""
    known = (at(lake).read_json(CATALOGUE) or {}).get("tables", {})
    return {
        name: frozenset(
            column
            for column, said in table.get("columns", {}).items()
            if said.get("kind") == "personal"
        )
        for name, table in known.items()
        if name.startswith(SCHEMAS)
    }


def touched(
    con: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[object], personal: Personal
) -> Touched:
    """What `sql`, one valid SELECT, reads. Where the plan does not tell, every personal column of
    the tables counts as read."""
    parsed = con.execute("select json_serialize_sql(?)", [sql]).fetchone()
    named = {table for table in _named(json.loads(parsed[0])) if table} if parsed else set()
    tables = sorted(named)
    possible = {
        f"{table}.{column}" for table in tables for column in (*personal.get(table, ()), *ALWAYS)
    }
    if not tables:
        return Touched([], [])
    scanned = _scanned(con, sql, parameters)
    read = [name for name in possible if scanned is None or name.rpartition(".")[2] in scanned]
    return Touched(tables, _there(con, read))


def _named(node: Any) -> Iterator[str]:
    """Base tables of a parsed statement that lie in our schemas."""
    if isinstance(node, dict):
        if node.get("type") == "BASE_TABLE" and node.get("schema_name") in SCHEMAS:
            yield f"{node['schema_name']}.{node['table_name']}"
        for part in node.values():
            yield from _named(part)
    elif isinstance(node, list):
        for part in node:
            yield from _named(part)


def _scanned(con: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[object]) -> str | None:
    """What scans project and filter by, as one text; None when the plan cannot be had."""
    try:
        plans = con.execute(f"explain (format json) {sql}", list(parameters)).fetchall()
        return " ".join(text for _, plan in plans for text in _scans(json.loads(plan)))
    except (duckdb.Error, json.JSONDecodeError):
        return None


def _scans(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for part in node:
            yield from _scans(part)
        return
    if "SCAN" in node.get("name", "") or "PARQUET" in node.get("name", ""):
        told = node.get("extra_info", {})
        yield json.dumps([told.get("Projections"), told.get("Filters")])
    for part in node.get("children", []):
        yield from _scans(part)


def _there(con: duckdb.DuckDBPyConnection, names: list[str]) -> list[str]:
    """Those of the columns that the tables really have."""
    there = con.execute(
        "select table_schema || '.' || table_name || '.' || column_name "
        "from information_schema.columns"
    ).fetchall()
    known = {row[0] for row in there}
    return sorted(name for name in names if name in known)

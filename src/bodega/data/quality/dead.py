"""Rows that were set aside: of sources by their contract, of the shop's tables by silver's rules.

A row is dead until a mark says otherwise: it was driven again, or given up. Rows that arrived
several times alike are one.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

import duckdb

from bodega.data.ingest.sources.conform import connect
from bodega.data.lake.care import bronze_tables
from bodega.data.lake.paths import BRONZE
from bodega.data.lake.storage import LakeRoot
from bodega.data.quality.history import History
from bodega.data.quality.policy import Policy
from bodega.data.quality.profile import is_personal
from bodega.kernel.errors import NotFound

HIDDEN = "(personal)"
_SEALED = "p1."


class DeadUnknown(NotFound):
    code = "dead_row_unknown"
    title = "There is no such row that was set aside: see `bodega quality dead`"


@dataclass(frozen=True, slots=True)
class DeadRow:
    """`table` is `bronze.suppliers__prices`, or the bronze table that a row of silver comes from.
    `row` is what arrived, by field, or a `line` that could not be split; `fields` are those of its
    table, `alike` the places of all that arrived just so."""

    id: str
    table: str
    reason: str
    since: datetime
    row: Mapping[str, Any]
    layer: Literal["bronze", "silver"] = "bronze"
    origin: str = ""
    key: str = ""
    position: int = 0
    sequence: int = 0
    generation: int = 0
    alike: Sequence[str] = field(default=())
    fields: Sequence[str] = field(default=())

    def shown(self, policy: Policy) -> dict[str, Any]:
        """The row without what belongs to a person."""
        said = policy.of(self.table)
        if set(self.row) == {"line"} and any(is_personal(n, said) for n in self.fields):
            return {"line": HIDDEN if self.row["line"] else ""}
        return {
            name: HIDDEN
            if value is not None and (is_personal(name, said) or str(value).startswith(_SEALED))
            else value
            for name, value in self.row.items()
        }


def dead_rows(
    root: LakeRoot,
    *,
    table: str | None = None,
    reason: str | None = None,
    since: datetime | None = None,
    limit: int = 1000,
) -> list[DeadRow]:
    """The newest first. `reason` is a part of it; `table` as `bronze.suppliers__prices`."""
    found = [*_of_sources(root, table, limit), *_of_silver(root, table, limit)]
    chosen = [
        row
        for row in found
        if (reason is None or reason.lower() in row.reason.lower())
        and (since is None or row.since >= since)
    ]
    return sorted(chosen, key=lambda row: (row.since, row.id), reverse=True)[:limit]


def dead_by_id(root: LakeRoot, ids: Sequence[str]) -> dict[str, DeadRow]:
    """By the id that was asked for; those that are dead no more are left out."""
    tables = dict.fromkeys(id.partition(":")[0] for id in ids)
    found = {
        f"{table}:{place}": row
        for table in tables
        for row in dead_rows(root, table=f"bronze.{table}", limit=1_000_000)
        for place in (row.id.partition(":")[2], *row.alike)
    }
    return {id: found[id] for id in ids if id in found}


def _of_sources(root: LakeRoot, table: str | None, limit: int) -> Iterator[DeadRow]:
    for name in bronze_tables(root):
        if table in (None, f"bronze.{name}"):
            delta = root.delta(f"{BRONZE}/{name}")
            fields = [field.name for field in delta.schema().fields]
            if "_rejected" in fields:
                with connect(root) as con:
                    for row in _rejected(con, name, delta.file_uris(), limit):
                        yield replace(row, fields=fields)


def _rejected(
    con: duckdb.DuckDBPyConnection, name: str, files: Sequence[str], limit: int
) -> Iterator[DeadRow]:
    if not files:
        return
    listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    rows = con.execute(
        f"""
        with arrived as (
            select _position, _sequence, _op, _hash, _origin, _generation, _rejected, _raw,
                _ingested_at, _position || '-' || _sequence as place
            from read_parquet([{listed}], union_by_name = true)
            where _rejected is not null or _op in ('r', 'e')
        ),
        ended as (
            select _origin, max(_generation) as last from arrived where _op = 'e' group by 1
        ),
        dead as (
            select a.* from arrived a left join ended e on e._origin = a._origin
            where a._rejected is not null
              and (a._generation = 0 or a._generation >= coalesce(e.last, 0))
              and place not in
                (select _hash from arrived where _op = 'r' and _hash is not null)
        )
        select max_by(place, (_position, _sequence)), any_value(_rejected), max(_ingested_at),
            _raw, max_by(_origin, (_position, _sequence)), max(_position),
            max_by(_sequence, (_position, _sequence)), max_by(_generation, (_position, _sequence)),
            list(place)
        from dead group by _raw, _rejected order by max(_position) desc limit {int(limit)}
        """
    ).fetchall()
    for place, why, at, raw, origin, position, sequence, generation, alike in rows:
        yield DeadRow(
            f"{name}:{place}", f"bronze.{name}", why, at, _parsed(raw), origin=origin or "",
            position=position, sequence=sequence, generation=generation, alike=alike,
        )  # fmt: skip


def _parsed(raw: str | None) -> Mapping[str, Any]:
    try:
        found = json.loads(raw or "{}")
    except ValueError:
        return {"line": raw}
    return found if isinstance(found, dict) else {"line": raw}


def silver_id(table: str, position: int, key: str) -> str:
    digest = hashlib.sha256(key.encode()).hexdigest()[:12]
    return f"{table}:{position}-{digest}"


def _of_silver(root: LakeRoot, table: str | None, limit: int) -> Iterator[DeadRow]:
    """What silver's rules set aside at the last load, with the newest envelope of each key."""
    where, given = ("bronze_table = ?", [table.removeprefix("bronze.")]) if table else ("true", [])
    rows = History(root).rows("rejects", where, given, limit=limit)
    by_table: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_table.setdefault(row["bronze_table"], []).append(row)
    for name, found in by_table.items():
        held = _envelopes(root, name, found)
        for row in found:
            yield DeadRow(
                silver_id(name, row["position"], row["key"]), f"bronze.{name}", row["reason"],
                row["noted_at"], held.get(row["key"], {}), layer="silver", key=row["key"],
                position=row["position"],
            )  # fmt: skip


def _envelopes(
    root: LakeRoot, name: str, found: Sequence[Mapping[str, Any]]
) -> dict[str, Mapping[str, Any]]:
    files = root.delta(f"{BRONZE}/{name}").file_uris()
    listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    with connect(root) as con:
        con.execute("create table wanted (key varchar, position bigint)")
        con.executemany(
            "insert into wanted values (?, ?)", [[r["key"], r["position"]] for r in found]
        )
        rows = con.execute(
            f"select b.key, max_by(b.after, b._sequence) from read_parquet([{listed}], "
            "union_by_name = true, hive_partitioning = false) b "
            "join wanted w on w.key = b.key and w.position = b._position group by 1"
        ).fetchall()
    return {key: _parsed(after) for key, after in rows}

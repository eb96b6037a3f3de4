"""Opens what bronze holds of one person, with the person's key, for those who may see it."""

import json
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import duckdb

from bodega.backbone.vault.errors import NobodyKnown
from bodega.backbone.vault.keys import PersonKey, sealed_by, user_alias
from bodega.backbone.vault.store import Vault
from bodega.contracts.personal import Revealed, RevealedRow
from bodega.data.lake.access import AccessLog
from bodega.data.lake.archive import cold_files
from bodega.data.lake.care import bronze_tables
from bodega.data.lake.paths import BRONZE
from bodega.data.lake.s3 import quoted
from bodega.data.lake.storage import LakeRoot


def reveal(root: LakeRoot, vault: Vault, *, person: str, actor: str, reason: str) -> Revealed:
    """Every newest row with a value under the person's key. Raises NobodyKnown, WrongMasterKey."""
    key_id = vault.find(_alias(vault, person))
    key = vault.open_keys([key_id]).get(key_id) if key_id else None
    if key is None:
        raise NobodyKnown
    vault.note_reveal(key_id=key.id, actor=actor, reason=reason)
    with duckdb.connect(config={"threads": 2, "memory_limit": "256MB"}) as con:
        root.attach(con)
        found = [row for name in bronze_tables(root) for row in _rows(con, root, name, key)]
    AccessLog(root).note(
        "reveal",
        who=actor,
        tables=[f"{BRONZE}.{row.table}" for row in found],
        personal=[f"{BRONZE}.{row.table}.{column}" for row in found for column in row.values],
        rows=len(found),
        purpose=reason,
    )
    return Revealed(rows=found)


def _alias(vault: Vault, person: str) -> str:
    try:
        return user_alias(UUID(person))
    except ValueError:
        return vault.mail_alias(person)


def _rows(
    con: duckdb.DuckDBPyConnection, root: LakeRoot, table: str, key: PersonKey
) -> Iterator[RevealedRow]:
    files = _files(root, table)
    if not files:
        return
    rows = f"read_parquet([{files}], union_by_name = true, hive_partitioning = false)"
    described = con.execute(f"describe select * from {rows}").fetchall()
    texts = [name for name, kind, *_ in described if kind == "VARCHAR"]
    if {"key", "after"} <= set(texts):
        yield from _changes(con, table, rows, key)
    elif "_raw" in texts:
        yield from _records(con, table, rows, texts, key)


def _changes(
    con: duckdb.DuckDBPyConnection, table: str, rows: str, key: PersonKey
) -> Iterator[RevealedRow]:
    """Of the shop, or of another database."""
    found = con.execute(
        f"select key, after from {rows} "
        f"where contains(after, {quoted(f'p1.{key.id.hex}.')}) "
        "qualify row_number() over (partition by key order by _position desc, _sequence desc) = 1 "
        "order by key"
    ).fetchall()
    for row_key, after in found:
        yield RevealedRow(table=table, key=row_key, values=_opened(json.loads(after), key))


def _records(
    con: duckdb.DuckDBPyConnection, table: str, rows: str, texts: Sequence[str], key: PersonKey
) -> Iterator[RevealedRow]:
    """Of any other source: the fields of its rows, and of those that were set aside."""
    named = ", ".join(f'"{name}" := "{name}"' for name in texts)
    found = con.execute(
        f"select coalesce(_key, ''), to_json(struct_pack({named})) as said from {rows} "
        f"where contains(said, {quoted(f'p1.{key.id.hex}.')}) "
        "qualify row_number() over (partition by coalesce(_key, _raw, "
        "_position || '-' || _sequence) order by _position desc, _sequence desc) = 1 order by 1, 2"
    ).fetchall()
    for row_key, said in found:
        row = json.loads(said)
        aside = json.loads(row.pop("_raw") or "{}")
        yield RevealedRow(table=table, key=row_key, values=_opened({**row, **aside}, key))


def _files(root: LakeRoot, table: str) -> str:
    delta = root.delta(f"{BRONZE}/{table}")
    files = [*delta.file_uris(), *(file.uri for file in cold_files(root, table, delta))]
    return ", ".join(quoted(file) for file in files)


def _opened(row: dict[str, Any], key: PersonKey) -> dict[str, Any]:
    return {
        column: key.open(column, value)
        for column, value in row.items()
        if sealed_by(value) == key.id
    }

"""Opens what bronze holds of one person, with the person's key, for those who may see it."""

import json
from collections.abc import Iterator
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
from bodega.data.lake.paths import BRONZE, SHOP
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
        found = [row for name in _tables(root) for row in _rows(con, root, name, key)]
    AccessLog(root).note(
        "reveal",
        who=actor,
        tables=[f"{BRONZE}.{row.table}" for row in found],
        personal=[f"{BRONZE}.{row.table}.{column}" for row in found for column in row.values],
        rows=len(found),
        purpose=reason,
    )
    return Revealed(rows=found)


def _tables(root: LakeRoot) -> list[str]:
    """Those of the shop's own change feed; only that seals."""
    return [name for name in bronze_tables(root) if name.startswith(f"{SHOP}__")]


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
    found = con.execute(
        f"select key, after from read_parquet([{files}], hive_partitioning = false) "
        f"where contains(after, {quoted(f'p1.{key.id.hex}.')}) "
        "qualify row_number() over (partition by key order by _position desc, _sequence desc) = 1 "
        "order by key"
    ).fetchall()
    for row_key, after in found:
        yield RevealedRow(table=table, key=row_key, values=_opened(json.loads(after), key))


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

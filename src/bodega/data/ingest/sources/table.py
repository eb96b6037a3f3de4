"""A stream's bronze table: appended to in commits that carry the state which follows them.

A commit records the Delta application transaction `bodega_source` with a number; the state is the
file of that number, written before. A crash in between leaves a file that no commit names. Two
readers of one stream cannot both commit: the second is told so.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError
from pydantic import BaseModel

from bodega.data.ingest.sources.casts import kind_of
from bodega.data.ingest.sources.conform import table_schema
from bodega.data.ingest.sources.contract import Column
from bodega.data.ingest.sources.errors import StateLost, StreamBusy
from bodega.data.lake.delta import AppendOnlyTable
from bodega.data.lake.errors import LakeUnavailable
from bodega.data.lake.paths import BRONZE, bronze_path, bronze_table
from bodega.data.lake.policy import BRONZE as PARTED
from bodega.data.lake.storage import LakeRoot

APPLICATION = "bodega_source"
_KEPT_STATES = 10
_POLICY = replace(PARTED, partition_by=None)  # rows of one file belong together
_WRITER = WriterProperties(compression="ZSTD")


class Saved(BaseModel):
    """What a commit leaves behind. `position` is its number, 0 before the first; `generation` is
    that of the whole reading under way, begun at state `restart` (0: none is); `base` that of rows
    which only ever add. The states of the commits in `earlier` are still kept."""

    position: int = 0
    source: dict[str, Any] = {}
    columns: list[Column] = []
    generation: int = 0
    restart: dict[str, Any] | None = None
    base: int = 0
    earlier: list[int] = []


@dataclass(frozen=True, slots=True)
class Commit:
    """How a table stood after a commit."""

    position: int
    version: int


class SourceTable:
    """`bronze/<source>__<stream>`. Methods raise LakeUnavailable; `append` also StreamBusy."""

    def __init__(self, root: LakeRoot, source: str, stream: str) -> None:
        self.name = bronze_table(source, stream)
        self._root = root
        self._uri = root.uri(bronze_path(source, stream))
        self._states = f"{BRONZE}/_state/{self.name}"
        self._small = AppendOnlyTable(
            self._uri, table_schema(()), options=root.options, policy=_POLICY
        )

    def exists(self) -> bool:
        return self._small.exists()

    def saved(self, *, anew: bool = False) -> Saved:
        """The state of the last commit. Raises StateLost, unless reading begins `anew`."""
        position = self.position()
        if not position:
            return Saved()
        content = self._root.read_json(f"{self._states}/{position}.json")
        if content is None and anew:
            return Saved(position=position, columns=self._columns())
        if content is None:
            raise StateLost(f"{self.name}: the state of commit {position} is gone; use --full")
        return Saved.model_validate(content)

    def _columns(self) -> list[Column]:
        fields = pa.schema(
            DeltaTable(self._uri, storage_options=self._root.options).schema().to_arrow()
        )
        return [
            Column(name=field.name, type=kind_of(field.type) or "string")
            for field in fields
            if not field.name.startswith("_")
        ]

    def position(self) -> int:
        """The number of the last commit: microseconds since 1970; 0 before the first."""
        return (self._small.transaction(APPLICATION) or 0) if self.exists() else 0

    def rows(self) -> int:
        """How many rows arrived, marks included."""
        if not self.exists():
            return 0
        added = DeltaTable(self._uri, storage_options=self._root.options).get_add_actions(
            flatten=True
        )
        return sum(added["num_records"].to_pylist())

    def next_position(self, after: int) -> int:
        """A number for the next commit: microseconds, and always higher."""
        return max(after + 1, time.time_ns() // 1000)

    def append(self, rows: pa.Table, before: Saved, after: Saved) -> Saved:
        """Rows and state, in one commit, on top of `before`. Raises StreamBusy."""
        kept = [*before.earlier, before.position][-_KEPT_STATES:]
        saved = after.model_copy(update={"earlier": [number for number in kept if number]})
        self._root.write_json(
            f"{self._states}/{saved.position}.json", saved.model_dump(mode="json")
        )
        try:
            self._commit(rows, before.position, saved)
        except CommitFailedError as error:
            raise StreamBusy(f"{self.name} was written by another process meanwhile") from error
        except (DeltaError, OSError) as error:
            raise LakeUnavailable(self._uri, error) from error
        for number in before.earlier[: -_KEPT_STATES + 1]:
            self._root.remove(f"{self._states}/{number}.json")
        return saved

    def _commit(self, rows: pa.Table, before: int, saved: Saved) -> None:
        if not self.exists():
            self._small.create()
        self._small.forget()
        table = DeltaTable(self._uri, storage_options=self._root.options)
        if (table.transaction_version(APPLICATION) or 0) != before:
            raise StreamBusy(f"{self.name} was written by another process meanwhile")
        write_deltalake(
            table,
            rows,
            mode="append",
            schema_mode="merge",
            writer_properties=_WRITER,
            commit_properties=CommitProperties(
                custom_metadata={"bodega.position": str(saved.position)},
                app_transactions=[Transaction(APPLICATION, saved.position)],
            ),
        )

    def tidy(self) -> None:
        """Join small files when there are many."""
        if self.exists():
            self._small.transaction(APPLICATION)
            if self._small.wants_compaction:
                self._small.compact()

    def files(self) -> list[str]:
        """The Parquet files of the table as it is now; none before the first commit."""
        return (
            DeltaTable(self._uri, storage_options=self._root.options).file_uris()
            if self.exists()
            else []
        )

    def latest_hashes(self, con: duckdb.DuckDBPyConnection, keys: str) -> None:
        """Makes `known(_key, _hash)`: what the table last had for each `_key` of relation `keys`.
        A deleted key has no hash."""
        files = self.files()
        listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
        con.execute(
            "create or replace temp table known as "
            + (
                "select _key, arg_max(case when _op = 'd' then '' else _hash end, "
                "(_position, _sequence)) as _hash "
                f"from read_parquet([{listed}], union_by_name = true) "
                f"where _key in (select _key from {keys}) group by _key"
                if files
                else "select null::varchar as _key, null::varchar as _hash where false"
            )
        )


def columns_of(rows: pa.Table, columns: Sequence[Column]) -> pa.Table:
    """`rows` in the order and types of a bronze table of these columns; absent ones are empty."""
    schema = table_schema([c for c in columns if c.name in rows.column_names])
    return rows.select(schema.names).cast(schema)


def concatenated(tables: Iterable[pa.Table]) -> pa.Table:
    return pa.concat_tables(tables, promote_options="default")

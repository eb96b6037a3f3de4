"""Delta tables that are only ever appended to, by one writer, which also tidies them up."""

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction, WriterProperties, write_deltalake
from deltalake.exceptions import DeltaError

from bodega.data.lake.errors import LakeUnavailable

RETENTION_HOURS = 24
_COMPACT_AFTER = 50
_OVERDUE_AFTER = 4 * _COMPACT_AFTER
_TARGET_BYTES = 64 * 1024 * 1024
_CONFIGURATION = {
    "delta.checkpointInterval": "50",
    "delta.logRetentionDuration": "interval 1 days",
    "delta.deletedFileRetentionDuration": "interval 1 days",
}
_WRITER = WriterProperties(compression="ZSTD")


class AppendOnlyTable:
    """One table at `uri`. After any failure it is opened anew, so that what others (or a commit
    that seemed to fail) did is seen. Every method raises LakeUnavailable."""

    def __init__(self, uri: str, schema: pa.Schema) -> None:
        self._uri = uri
        self._schema = schema
        self._opened: DeltaTable | None = None
        self._small_files = 0

    def exists(self) -> bool:
        """Asked of the disk each time: a table removed under us is noticed."""
        there = bool(self._guarded(DeltaTable.is_deltatable, self._uri))
        if not there:
            self.forget()
        return there

    def create(self) -> None:
        self._guarded(
            DeltaTable.create, self._uri, self._schema, mode="ignore", configuration=_CONFIGURATION
        )

    def transaction(self, application: str) -> int | None:
        """The version that `application` recorded with its last append."""
        version: int | None = self._guarded(lambda: self._table().transaction_version(application))
        return version

    def append(self, data: pa.Table, transactions: Mapping[str, int]) -> None:
        """Rows and application versions, in one commit."""
        versions = [Transaction(name, version) for name, version in transactions.items()]
        self._guarded(
            lambda: write_deltalake(
                self._table(),
                data,
                mode="append",
                writer_properties=_WRITER,
                commit_properties=CommitProperties(app_transactions=versions),
            )
        )
        self._small_files += 1

    @property
    def wants_compaction(self) -> bool:
        return self._small_files >= _COMPACT_AFTER

    @property
    def compaction_overdue(self) -> bool:
        return self._small_files >= _OVERDUE_AFTER

    def compact(self) -> None:
        """Join small files; delete files that no version of the last 24 hours needs."""
        self._guarded(self._compact)
        self._small_files = 0

    def forget(self) -> None:
        self._opened = None

    def _compact(self) -> None:
        table = self._table()
        table.optimize.compact(target_size=_TARGET_BYTES, writer_properties=_WRITER)
        table.vacuum(
            retention_hours=RETENTION_HOURS, dry_run=False, enforce_retention_duration=False
        )

    def _table(self) -> DeltaTable:
        if self._opened is None:
            self._opened = DeltaTable(self._uri)
            sizes = self._opened.get_add_actions(flatten=True)["size_bytes"].to_pylist()
            self._small_files = sum(size < _TARGET_BYTES // 2 for size in sizes)
        return self._opened

    def _guarded(self, action: Callable[..., Any], *args: object, **options: object) -> Any:
        try:
            return action(*args, **options)
        except (DeltaError, OSError) as error:
            self.forget()
            raise LakeUnavailable(self._uri, error) from error

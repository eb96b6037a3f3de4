"""Delta tables that are only ever appended to, by one writer, which also tidies them up."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable, Transaction, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError

from bodega.data.lake.errors import LakeUnavailable
from bodega.data.lake.policy import BRONZE, MONTH, LayerPolicy

_PAUSES = (0.05, 0.2, 0.5, 1.0)
_WRITER = WriterProperties(compression="ZSTD")


class AppendOnlyTable:
    """One table at `uri`. After any failure it is opened anew, so that what others (or a commit
    that seemed to fail) did is seen. Every method raises LakeUnavailable.

    Where the policy parts by month, rows lie by the month they came in (`_month`, of
    `_ingested_at`); a table from before that is rearranged when it is next compacted."""

    def __init__(
        self,
        uri: str,
        schema: pa.Schema,
        *,
        options: Mapping[str, str] | None = None,
        policy: LayerPolicy = BRONZE,
    ) -> None:
        self._uri = uri
        self._schema = schema
        self._options = dict(options) if options else None
        self._policy = policy
        self._opened: DeltaTable | None = None
        self._by_month = policy.partition_by == MONTH
        self._small_files = 0

    def exists(self) -> bool:
        """Asked of the disk each time: a table removed under us is noticed."""
        there = bool(
            self._guarded(DeltaTable.is_deltatable, self._uri, storage_options=self._options)
        )
        if not there:
            self.forget()
        return there

    def create(self) -> None:
        parted = self._policy.partition_by == MONTH
        month = pa.field(MONTH, pa.string())
        self._guarded(
            DeltaTable.create,
            self._uri,
            self._schema.append(month) if parted else self._schema,
            mode="ignore",
            partition_by=[MONTH] if parted else None,
            configuration=self._policy.configuration(),
            storage_options=self._options,
        )

    def transaction(self, application: str) -> int | None:
        """The version that `application` recorded with its last append."""
        version: int | None = self._guarded(lambda: self._table().transaction_version(application))
        return version

    def append(self, data: pa.Table, transactions: Mapping[str, int]) -> None:
        """Rows and application versions, in one commit."""
        self._guarded(self._append, data, transactions)
        self._small_files += 1

    @property
    def wants_compaction(self) -> bool:
        return self._small_files >= self._policy.compact_after

    @property
    def compaction_overdue(self) -> bool:
        return self._small_files >= self._policy.overdue_after

    def compact(self) -> None:
        """Join small files; delete files that no version still kept needs."""
        self._guarded(self._compact)
        self._small_files = 0

    def forget(self) -> None:
        self._opened = None

    def _append(self, data: pa.Table, transactions: Mapping[str, int]) -> None:
        table = self._table()
        versions = [Transaction(name, version) for name, version in transactions.items()]
        write_deltalake(
            table,
            with_month(data) if self._by_month else data,
            mode="append",
            writer_properties=_WRITER,
            commit_properties=CommitProperties(app_transactions=versions),
        )

    def _compact(self) -> None:
        table = self._table()
        if self._policy.partition_by == MONTH and not self._by_month:
            rearrange(table, self._policy)
            self._by_month = True
        tidy(table, self._policy)

    def _table(self) -> DeltaTable:
        if self._opened is None:
            self._opened = DeltaTable(self._uri, storage_options=self._options)
            self._by_month = MONTH in self._opened.metadata().partition_columns
            self._small_files = count_small(self._opened, self._policy)
        return self._opened

    def _guarded(self, action: Callable[..., Any], *args: object, **options: object) -> Any:
        try:
            return action(*args, **options)
        except (DeltaError, OSError) as error:
            self.forget()
            raise LakeUnavailable(self._uri, error) from error


def with_month(data: pa.Table) -> pa.Table:
    """The rows with the column they are parted by."""
    return data.append_column(MONTH, pc.strftime(data["_ingested_at"], format="%Y-%m"))


def count_small(table: DeltaTable, policy: LayerPolicy) -> int:
    sizes = table.get_add_actions(flatten=True).column("size_bytes").to_pylist()
    return sum(size < policy.small_bytes for size in sizes)


def tidy(table: DeltaTable, policy: LayerPolicy, *, keep: list[int] | None = None) -> int:
    """Join small files, then drop files that neither the last hours nor the versions `keep` need;
    how many were dropped. Appends of others meanwhile stand: they touch no file that is joined."""
    _joined(table, policy)
    table.create_checkpoint()
    table.cleanup_metadata()
    return len(
        table.vacuum(
            retention_hours=policy.keep_hours,
            dry_run=False,
            enforce_retention_duration=False,
            keep_versions=keep,
        )
    )


def _joined(table: DeltaTable, policy: LayerPolicy) -> None:
    """Somebody may take out a month meanwhile: then look again."""
    for pause in (*_PAUSES, None):
        try:
            table.optimize.compact(target_size=policy.target_bytes, writer_properties=_WRITER)
        except CommitFailedError:
            if pause is None:
                raise
            time.sleep(pause)
            table.update_incremental()
        else:
            return


def rearrange(table: DeltaTable, policy: LayerPolicy) -> None:
    """The same rows, parted by month; what applications recorded stays."""
    import duckdb

    months = f"strftime(timezone('UTC', _ingested_at), '%Y-%m') as {MONTH}"
    with duckdb.connect(config={"threads": 2, "memory_limit": "512MB"}) as con:
        con.register("bronze", table.to_pyarrow_dataset())
        con.execute("set TimeZone = 'UTC'")
        rows = con.execute(f"select *, {months} from bronze").to_arrow_reader(50_000)
        write_deltalake(
            table,
            rows,
            mode="overwrite",
            schema_mode="overwrite",
            partition_by=[MONTH],
            configuration=policy.configuration(),
            writer_properties=_WRITER,
        )
    table.update_incremental()

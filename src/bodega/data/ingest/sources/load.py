"""Pages of a source into bronze: each commit holds rows and the state that follows them."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from bodega.data.ingest.sources.conform import AUDIT, Conformed, conform, connect
from bodega.data.ingest.sources.contract import Page, Source, State, Stream
from bodega.data.ingest.sources.current import current_sql
from bodega.data.ingest.sources.errors import SourceRefused
from bodega.data.ingest.sources.report import LoadReport
from bodega.data.ingest.sources.table import Saved, SourceTable, columns_of, concatenated
from bodega.data.ingest.sources.tally import Tally, tallied
from bodega.data.lake.storage import LakeRoot
from bodega.kernel.clock import Clock
from bodega.kernel.errors import BodegaError

Progress = Callable[[int, int, int], None]
"""Told the rows read, and how far the source is (done of total, in its own measure)."""


@dataclass(frozen=True, slots=True)
class FlushPolicy:
    """Commit after so many rows or seconds, whichever comes first."""

    rows: int = 250_000
    seconds: float = 10.0


def silent(_rows: int, _done: int, _total: int) -> None:
    """Progress for nobody."""


def load(
    name: str,
    source: Source,
    stream: Stream,
    root: LakeRoot,
    *,
    clock: Clock,
    full: bool = False,
    policy: FlushPolicy | None = None,
    progress: Progress = silent,
) -> LoadReport:
    """Read `stream` of `source` from its state on, or from the beginning (`full`).

    When the source fails on the way, what was read before is kept and the error goes on, with the
    report as its `extra["report"]`. Raises SourceError's, LakeUnavailable.
    """
    work = _Load(name, stream, root, clock=clock, policy=policy or FlushPolicy(), progress=progress)
    try:
        return work.run(source, full=full)
    finally:
        work.close()


class _Load:
    """One load under way."""

    def __init__(
        self,
        name: str,
        stream: Stream,
        root: LakeRoot,
        *,
        clock: Clock,
        policy: FlushPolicy,
        progress: Progress,
    ) -> None:
        self._name, self._stream, self._clock, self._policy = name, stream, clock, policy
        self._progress = progress
        self._table = SourceTable(root, name, stream.name)
        self._con: duckdb.DuckDBPyConnection = connect(root)
        self._saved = Saved()
        self._columns = list(stream.columns)
        self._pending: list[pa.Table] = []
        self._state: State = {}
        self._generation = 0
        self._restart: State | None = None
        self._base = 0
        self._nameless = 0
        self._adds = False
        self._report = LoadReport(source=name, stream=stream.name)
        self._due = 0.0

    def close(self) -> None:
        self._con.close()

    @property
    def _watches_missing(self) -> bool:
        return bool(self._stream.key) and self._stream.missing == "delete"

    def run(self, source: Source, *, full: bool) -> LoadReport:
        started = time.monotonic()
        self._begin(full=full)
        pages = source.read(self._stream.name, self._state)
        try:
            self._take_in(pages if not full or self._stream.key else self._as_whole(pages))
        except BodegaError as error:
            self._commit()
            self._report.error = error.detail
            error.extra["report"] = self._report
            raise
        finally:
            self._report.seconds = round(time.monotonic() - started, 3)
        self._table.tidy()
        return self._report

    def _begin(self, *, full: bool) -> None:
        saved = self._saved = self._table.saved(anew=full)
        declared = {column.name for column in self._columns}
        self._columns += [column for column in saved.columns if column.name not in declared]
        self._state, self._base = saved.source, saved.base
        self._generation, self._restart = saved.generation, saved.restart
        if full:
            self._state, self._generation, self._restart = {}, 0, None
        elif self._watches_missing and saved.restart is not None:
            self._state = saved.restart
        self._due = time.monotonic() + self._policy.seconds
        self._con.execute("create temp table recent (_key varchar, _hash varchar, nr bigint)")
        self._con.execute("create temp table seen (_key varchar)")

    def _take_in(self, pages: Iterable[Page]) -> None:
        try:
            self._take_all(pages)
        except (duckdb.Error, pa.ArrowException) as error:
            said = str(error).strip().splitlines()[0]
            raise SourceRefused(f"What it sends cannot be taken in: {said}") from error

    def _take_all(self, pages: Iterable[Page]) -> None:
        before: State = self._state
        for page in pages:
            if page.whole and page.begins:
                self._begin_whole(before)
            self._take(page)
            if page.whole and page.ends:
                self._end_whole(page, before)
            else:
                self._state = page.state
                if self._is_due():
                    self._commit()
            before = page.state
        self._commit()

    def _begin_whole(self, before: State) -> None:
        self._commit()
        self._generation = self._table.next_position(self._saved.position)
        self._restart = before
        self._con.execute("delete from seen")
        self._nameless = 0

    def _end_whole(self, page: Page, before: State) -> None:
        """Rows first, under the state that was; then, at once, what is gone and that it ended."""
        if self._watches_missing:
            self._state = before
            self._commit()
            self._pending.append(self._gone())
        self._pending.append(self._marker(page.origin))
        generation, self._generation = self._generation, 0
        if self._adds:
            self._base = generation
        self._restart, self._state = None, page.state
        self._commit()

    def _take(self, page: Page) -> None:
        report = self._report
        done = conform(self._con, page, self._stream, self._columns)
        self._columns = list(done.columns)
        rows = self._changed(done) if self._stream.key else done.rows
        rows = rows.drop_columns(["_named"])
        self._nameless += len(page.rejects)
        report.rows += len(done.rows) + len(page.rejects)
        report.unchanged += len(done.rows) - len(rows)
        report.kept += pc.sum(pc.is_null(rows["_rejected"])).as_py() or 0
        report.rejected.update(done.rejected)
        report.rejected.update(reject.reason for reject in page.rejects)
        report.values_dropped.update(done.values_dropped)
        report.columns_added += [name for name in done.added if name not in report.columns_added]
        report.columns_missing = sorted({*report.columns_missing, *done.missing})
        report.notes += [page.note] if page.note and page.note not in report.notes else []
        self._keep(rows, page)
        self._progress(report.rows, page.done, page.total)

    def _changed(self, done: Conformed) -> pa.Table:
        """Without rows that are as they were last known. Marks which keys were seen."""
        con = self._con
        con.register("arrived", done.rows)
        con.execute(
            "create or replace temp table fresh as select row_number() over () as nr, "
            "* replace (case when _deleted then '' else _hash end as _hash) from arrived"
        )
        con.unregister("arrived")
        self._table.latest_hashes(con, "fresh")
        if self._watches_missing:
            con.execute("insert into seen select distinct _named from fresh")
            self._nameless += pc.sum(pc.is_null(done.rows["_named"])).as_py() or 0
        rows = con.execute(
            """
            with recently as (
                select _key, arg_max(_hash, nr) as _hash from recent group by _key
            )
            select f.* exclude (nr) from (
                select *, lag(_hash) over (partition by _key order by nr) as before,
                    row_number() over (partition by _key order by nr) as nth
                from fresh
            ) f
            left join recently r on r._key = f._key
            left join known k on k._key = f._key
            where f._key is null or f._hash is distinct from
                case when f.nth > 1 then f.before else coalesce(r._hash, k._hash) end
            order by f.nr
            """
        ).to_arrow_table()
        rows = rows.drop_columns(["before", "nth"])
        con.register("changed", rows)
        con.execute(
            "insert into recent select _key, _hash, "
            "(select coalesce(max(nr), 0) from recent) + row_number() over () "
            "from changed where _key is not null"
        )
        con.unregister("changed")
        return rows

    def _keep(self, rows: pa.Table, page: Page) -> None:
        """Rows with their audit columns, waiting for the next commit."""
        generation = self._generation if page.whole else self._base
        if len(rows):
            now = self._clock.now()
            op = pc.if_else(rows["_deleted"], "d", "u")
            known = pc.coalesce(rows["_known"].cast(AUDIT.field("_known_at").type), pa.scalar(now))
            rows = rows.drop_columns(["_deleted", "_known"])
            self._pending.append(
                self._audited(
                    rows.append_column("_op", op).append_column("_known_at", known),
                    origin=page.origin,
                    generation=generation,
                )
            )
        if page.rejects:
            raw = {
                "_rejected": [reject.reason for reject in page.rejects],
                "_raw": [json.dumps({"line": reject.raw}) for reject in page.rejects],
                "_op": ["u"] * len(page.rejects),
                "_known_at": [self._clock.now()] * len(page.rejects),
            }
            self._pending.append(
                self._audited(pa.table(raw), origin=page.origin, generation=generation)
            )

    def _audited(self, rows: pa.Table, *, origin: str, generation: int) -> pa.Table:
        constants = {
            "_source": self._name,
            "_origin": origin,
            "_generation": generation,
            "_ingested_at": self._clock.now(),
        }
        for name, value in constants.items():
            kind = AUDIT.field(name).type
            rows = rows.append_column(name, pa.repeat(pa.scalar(value, kind), len(rows)))
        for name in ("_key", "_hash", "_rejected", "_raw"):
            if name not in rows.column_names:
                rows = rows.append_column(name, pa.nulls(len(rows), pa.string()))
        return rows

    def _marker(self, origin: str) -> pa.Table:
        """Says that a whole reading came to its end."""
        row = pa.table({"_op": ["e"], "_known_at": [self._clock.now()]})
        return self._audited(row, origin=origin, generation=self._generation)

    def _gone(self) -> pa.Table:
        """What the reading no longer held; nothing where rows of it had no name: they may have been
        of any record."""
        if not self._nameless:
            return self._tombstones()
        self._report.notes.append(
            f"nothing counts as gone: it cannot be told of which records {self._nameless} rows were"
        )
        return self._audited(pa.table({"_op": pa.array([], pa.string())}), origin="", generation=0)

    def _tombstones(self) -> pa.Table:
        """The keys that count now and that the reading no longer held."""
        current = current_sql(self._stream, self._table.files(), self._columns)
        names = [f'"{column.name}"' for column in self._columns]
        gone = self._con.execute(
            f"select {', '.join([*names, '_key'])}, '' as _hash, 'd' as _op "
            f"from ({current}) where _key not in (select _key from seen where _key is not null)"
        ).to_arrow_table()
        self._report.deleted += len(gone)
        now = pa.repeat(pa.scalar(self._clock.now(), AUDIT.field("_known_at").type), len(gone))
        return self._audited(
            gone.append_column("_known_at", now), origin="", generation=self._generation
        )

    def _is_due(self) -> bool:
        rows = sum(len(table) for table in self._pending)
        return rows >= self._policy.rows or time.monotonic() >= self._due

    def _commit(self) -> None:
        """Everything that waits, and the state after it; nothing when there is neither."""
        rows = [table for table in self._pending if len(table)]
        before = self._saved
        source = dict(self._state)
        if not rows and source == before.source:
            return
        position = self._table.next_position(before.position)
        after = Saved(
            position=position,
            source=source,
            columns=self._columns,
            generation=self._generation,
            restart=None if self._restart is None else dict(self._restart),
            base=self._base,
        )
        numbered = self._numbered(rows, position)
        self._saved = self._table.append(numbered, before, after)
        self._count(numbered)
        self._pending.clear()
        self._con.execute("delete from recent")
        self._report.commits += 1
        self._report.position = position
        self._due = time.monotonic() + self._policy.seconds

    def _count(self, written: pa.Table) -> None:
        self._con.register("written", written)
        counted = tallied(self._con, "written", written.column_names, self._columns)
        self._con.unregister("written")
        self._report.tally = self._report.tally or Tally()
        self._report.tally.add(counted)

    def _numbered(self, rows: list[pa.Table], position: int) -> pa.Table:
        if not rows:
            return columns_of(pa.table({f.name: pa.array([], f.type) for f in AUDIT}), [])
        joined = concatenated(rows)
        joined = joined.append_column(
            "_position", pa.repeat(pa.scalar(position, pa.int64()), len(joined))
        )
        joined = joined.append_column("_sequence", pa.array(range(1, len(joined) + 1), pa.int64()))
        return columns_of(joined, self._columns)

    def _as_whole(self, pages: Iterable[Page]) -> Iterator[Page]:
        """The pages of a stream that only adds, read anew: they replace what was there."""
        last: Page | None = None
        for page in pages:
            if page.whole:
                yield page
                continue
            if last is not None:
                yield last
            last = replace(page, whole=True, begins=not self._adds)
            self._adds = True
        if last is not None:
            yield replace(last, ends=True)

"""Profiles of what changed, taken while nothing else is to be done, and what is odd about them."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import duckdb

from bodega.data.lake.paths import BRONZE
from bodega.data.lake.published import read_published
from bodega.data.lake.storage import Place, at
from bodega.data.quality.anomalies import day_volume, odd
from bodega.data.quality.arrivals import arrivals
from bodega.data.quality.gate import Gate
from bodega.data.quality.history import History
from bodega.data.quality.policy import TablePolicy
from bodega.data.quality.profile import Profile, as_rows, from_rows, profile
from bodega.data.quality.results import Result

REMEMBERED = 30
BUDGET_SECONDS = 0.5

Opened = Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection]]


@dataclass(frozen=True, slots=True)
class Due:
    """A relation of the warehouse whose `version` has no profile yet."""

    table: str
    version: int


class Watcher:
    """Profiles of silver and gold in the warehouse that `opened` opens, and of what has come into
    bronze. A table is looked at when it changed and its last profile is `every` old."""

    def __init__(self, gate: Gate, lake: Place, opened: Opened, *, every: timedelta) -> None:
        self._gate, self._root, self._opened, self._every = gate, at(lake), opened, every
        self._history = History(self._root)
        self._last: dict[str, tuple[int, datetime]] | None = None

    def rest(self, *, now: datetime | None = None) -> list[Profile]:
        """As many due tables as half a processor second allows, the longest waiting first."""
        now = now or datetime.now(UTC)
        found: list[Profile] = []
        began = time.process_time()
        if (self._root.work / "warehouse.duckdb").exists():
            with self._opened() as con:
                for due in self._due(con, now):
                    found += self._looked(con, due, now)
                    if time.process_time() - began > BUDGET_SECONDS:
                        break
        self._gate.notebook.flush()
        return found

    def _looked(self, con: duckdb.DuckDBPyConnection, due: Due, now: datetime) -> list[Profile]:
        """A `watch` that makes no sense of its table is told, and keeps no other from its look."""
        by = self._gate.policy.of(due.table).watch.by
        wrong = ""
        try:
            found = self.look(con, due, now)
        except (duckdb.BinderException, duckdb.ConversionException) as error:
            found, wrong = [], str(error).splitlines()[0]
        if by is not None or wrong:
            told = Result(
                due.table, "watch", "schema", "warn", not wrong,
                observed=wrong, expected=f"`by` is a day or an instant: {by}",
            )  # fmt: skip
            self._gate.notebook.results([told])
        return found

    def look(self, con: duckdb.DuckDBPyConnection, due: Due, now: datetime) -> list[Profile]:
        """Profile one table and say what is odd; nothing of a bronze table without news."""
        said = self._gate.policy.of(due.table)
        past = profiles(self._history, due.table)
        schema, _, name = due.table.partition(".")
        relation = f'{schema}."{name}"'
        before = past[0] if past else None
        if self._last is not None:
            self._last[due.table] = (due.version, now)
        if schema == BRONZE:
            relation = "arrived"
            if not self._arrived(con, name, after=before.version if before else -1, due=due):
                return []
        taken = profile(con, due.table, said, relation, version=due.version, now=now, before=before)
        self._gate.notebook.rows("profiles", as_rows(taken))
        if schema != BRONZE:  # what comes in depends on what was sold: it is shown, not judged
            self._gate.notebook.results(self._odd(con, taken, past, said, relation))
        self._gate.notebook.flush(now=True)
        return [taken]

    def _arrived(self, con: duckdb.DuckDBPyConnection, name: str, *, after: int, due: Due) -> bool:
        """Makes `arrived` of this connection; False when nothing has."""
        sql = arrivals(self._root, name, after=after, upto=due.version)
        if sql is None:
            return False
        con.execute(f"create or replace temp table arrived as {sql}")
        row = con.execute("select count(*) > 0 from arrived").fetchone()
        return bool(row and row[0])

    def _odd(
        self,
        con: duckdb.DuckDBPyConnection,
        taken: Profile,
        past: list[Profile],
        said: TablePolicy,
        relation: str,
    ) -> list[Result]:
        by_day = day_volume(con, taken, said, relation, taken.at.date())
        return [*odd(taken, past, said), *by_day]

    def _due(self, con: duckdb.DuckDBPyConnection, now: datetime) -> Iterator[Due]:
        if self._last is None:
            self._last = newest(self._history)
        never = (-1, datetime.min.replace(tzinfo=UTC))
        waiting = [
            (self._last.get(due.table, never)[1], due)
            for due in self._versions(con)
            if self._last.get(due.table, never)[0] != due.version
        ]
        for last, due in sorted(waiting, key=lambda item: (item[0], item[1].table)):
            if last <= now - self._every if last != never[1] else True:
                yield due

    def _versions(self, con: duckdb.DuckDBPyConnection) -> Iterator[Due]:
        for name, table in read_published(self._root).tables.items():
            yield Due(f"gold.{name}", table.version)
        there = con.execute(
            "select table_name from information_schema.tables where table_schema = 'silver'"
        ).fetchall()
        known = {name for (name,) in there}
        since = dict(con.execute("select table_name, since from meta.bronze").fetchall())
        for bronze, position in since.items():
            if position >= 0:
                yield Due(f"{BRONZE}.{bronze}", int(position))
            into = self._gate.policy.of(f"bronze.{bronze}").into
            if into in known and position >= 0:
                yield Due(f"silver.{into}", int(position))


def profiles(history: History, table: str, limit: int = REMEMBERED) -> list[Profile]:
    """The newest first."""
    rows = history.ask(
        "profiles",
        "select * from profiles where table_name = ? qualify "
        f"dense_rank() over (order by noted_at desc) <= {int(limit)}",
        [table],
    )
    return from_rows(rows)


def newest(history: History) -> dict[str, tuple[int, datetime]]:
    """Version and instant of each table's last profile."""
    rows = history.ask(
        "profiles",
        "select table_name, arg_max(version, noted_at) as version, max(noted_at) as noted_at "
        "from profiles where column_name = '' group by 1",
    )
    return {row["table_name"]: (row["version"], row["noted_at"]) for row in rows}

"""The gate between the warehouse and its readers: what a load must pass.

What blocks is asked before publishing, of tables that moved only. What was found is kept in memory
for a while and written in one commit; at once when something is wrong.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import duckdb

from bodega.backbone.telemetry.logs import get_logger
from bodega.data.lake.published import Published, read_published
from bodega.data.lake.rewrite import among
from bodega.data.lake.storage import Place, at
from bodega.data.quality.checks import run_checks
from bodega.data.quality.constraints import judge
from bodega.data.quality.followed import FollowedPolicy
from bodega.data.quality.notebook import Notebook
from bodega.data.quality.policy import Policy
from bodega.data.quality.reconciliation import (
    Line,
    bronze_to_silver,
    gold_to_published,
    silver_to_gold,
)
from bodega.data.quality.results import Result

ENOUGH_TO_SHRINK = 1000
MOST_REJECTS = 10_000
log = get_logger(__name__)


class Gate:
    """`file` is the operator's policy, followed as it changes. `every_seconds`: what was found may
    wait so long before it is written."""

    def __init__(
        self, lake: Place, file: Path | None = None, *, every_seconds: float = 0.0
    ) -> None:
        self._root = at(lake)
        self._followed = FollowedPolicy(self._root, file)
        self._rejects: object = None
        self.notebook = Notebook(self._root, every_seconds=every_seconds)

    @property
    def policy(self) -> Policy:
        """As it is now; one that breaks a rule is told, and the last good one goes on."""
        return self._followed.current

    def admit(
        self,
        con: duckdb.DuckDBPyConnection,
        moved: Sequence[str],
        upto: int,
        parts: Mapping[str, Sequence[str]] | None = None,
    ) -> list[str]:
        """What keeps this load from being published. Of gold tables in `parts` only these months
        can have changed, and only they are looked at."""
        parts, published = parts or {}, read_published(self._root)
        lines = [*bronze_to_silver(con, self.policy, moved, upto), *silver_to_gold(con, parts)]
        results = [*run_checks(con, parts), *self._constraints(con, moved, upto)]
        results += self._gold(con, published, parts)
        results += self._shrunk(con, published)
        self.notebook.lines(lines, load=str(upto))
        self.notebook.results(results)
        self._set_aside(con)
        failures = [str(line) for line in lines if not line.agrees]
        failures += [str(r) for r in results if not r.passed and r.severity == "block"]
        self.notebook.flush(now=bool(failures))
        return failures

    def published(
        self, con: duckdb.DuckDBPyConnection, written: Mapping[str, Sequence[str]], upto: int
    ) -> list[str]:
        """What readers were given and the warehouse does not hold."""
        lines = gold_to_published(con, self._root, read_published(self._root), written)
        self.notebook.lines(lines, load=str(upto), given=True)
        wrong = _differing(lines)
        for one in wrong:
            log.error("published_differs", line=one)
        self.notebook.flush(now=bool(wrong))
        return wrong

    def _set_aside(self, con: duckdb.DuckDBPyConnection) -> None:
        """Rows that silver's rules refuse now, for whoever cannot open the warehouse."""
        if "silver.rejects" not in _relations(con):
            return
        row = con.execute(
            "select count(*), sum(hash(entity, key, reason, _position)) from silver.rejects"
        ).fetchone()
        if row != self._rejects:
            into = {said.into: name for name, said in self.policy.tables.items() if said.into}
            rows = con.execute(
                f"select entity, key, reason, changed_at, _position from silver.rejects "
                f"order by _position desc limit {MOST_REJECTS}"
            ).fetchall()
            self.notebook.replace(
                "rejects",
                [
                    {
                        "noted_at": changed_at,
                        "bronze_table": into[entity].removeprefix("bronze."),
                        "key": key,
                        "reason": reason,
                        "position": position,
                    }
                    for entity, key, reason, changed_at, position in rows
                    if entity in into
                ],
            )
            self._rejects = row

    def _constraints(
        self, con: duckdb.DuckDBPyConnection, moved: Sequence[str], upto: int
    ) -> Iterable[Result]:
        """Envelopes of this load, and the rows of silver it changed."""
        policy = self.policy
        since = "coalesce((select since from meta.bronze where table_name = '{}'), -1)"
        batch = "_batch = (select batch from meta.refresh)"
        there = _relations(con)
        for name in moved:
            said = policy.of(f"bronze.{name}")
            news = f"_position <= {int(upto)} and _position > {since.format(name)}"
            yield from judge(con, f"bronze.{name}", said, f'bronze."{name}"', news)
            silver = f"silver.{said.into}"
            if silver in there:
                yield from judge(con, silver, policy.of(silver), silver, batch)

    def _gold(
        self,
        con: duckdb.DuckDBPyConnection,
        published: Published,
        parts: Mapping[str, Sequence[str]],
    ) -> Iterable[Result]:
        """The tables as they are, or as far as they can have changed."""
        there = _relations(con)
        for table, said in self.policy.tables.items():
            layer, _, name = table.partition(".")
            if layer == "gold" and table in there:
                known = published.tables.get(name)
                by = known.partition_by if known else ""
                yield from judge(con, table, said, table, among(f"{by}", parts.get(name)))

    def _shrunk(self, con: duckdb.DuckDBPyConnection, published: Published) -> Iterable[Result]:
        """Tables that would lose more of their rows than is believable."""
        for name, before in published.tables.items():
            allowed = self.policy.of(f"gold.{name}").watch.shrink
            if allowed is None or before.rows < ENOUGH_TO_SHRINK:
                continue
            row = con.execute(f'select count(*) from gold."{name}"').fetchone()
            now = int(row[0]) if row else 0
            yield Result(
                f"gold.{name}", "rows lost", "volume", "block",
                passed=now >= before.rows * (1 - allowed), rows=max(0, before.rows - now),
                observed=f"{before.rows} → {now} rows", expected=f"at most {allowed:.0%} lost",
                detail="raise watch.shrink in quality.yml if it is right",
            )  # fmt: skip


def _relations(con: duckdb.DuckDBPyConnection) -> set[str]:
    found = con.execute("select table_schema, table_name from information_schema.tables")
    return {f"{schema}.{name}" for schema, name in found.fetchall()}


def _differing(lines: Iterable[Line]) -> list[str]:
    return [str(line) for line in lines if not line.agrees]

"""A load of a source: read back and counted, held against rules and against earlier loads."""

from dataclasses import replace
from datetime import UTC, datetime

import duckdb

from bodega.data.ingest.sources.conform import connect
from bodega.data.ingest.sources.contract import Column, Stream
from bodega.data.ingest.sources.current import bronze_sql, current_sql
from bodega.data.ingest.sources.report import LoadReport
from bodega.data.ingest.sources.table import SourceTable
from bodega.data.ingest.sources.tally import Tally, tallied
from bodega.data.lake.storage import LakeRoot
from bodega.data.quality.anomalies import odd
from bodega.data.quality.constraints import judge, rules_of
from bodega.data.quality.history import History
from bodega.data.quality.policy import Policy, TablePolicy
from bodega.data.quality.profile import as_rows, profile
from bodega.data.quality.reconciliation import Line, compared
from bodega.data.quality.results import Result
from bodega.data.quality.watcher import profiles

HOP = "source → bronze"
BLOCKING_COLUMNS = "columns that block"
_STANDS = """
    select check_name from (select * from results where table_name = ? and severity = 'block'
        qualify row_number() over (partition by check_name order by noted_at desc) = 1)
    where not passed
"""


def reconcile_load(root: LakeRoot, report: LoadReport) -> list[Line]:
    """Rows read = rows in the lake + unchanged; checksum and decimals of what was written. Kept in
    history. Nothing for a load that wrote nothing."""
    handed = report.tally
    if handed is None or not handed.rows:
        return []
    found = _read_back(root, report, handed)
    source = _figures(handed) | {"rows": report.rows}
    target = _figures(found) | {"rows": found.records - report.deleted + report.unchanged}
    lines = compared(HOP, f"{report.source}__{report.stream}", source, target)
    now = datetime.now(UTC)
    History(root).append(
        "reconciliations", [line.row(now, load=str(report.position)) for line in lines]
    )
    return lines


def inspect_load(
    root: LakeRoot, report: LoadReport, stream: Stream, policy: Policy
) -> list[Result]:
    """What is odd about the rows of this load: columns, rules, values, all beside earlier loads.
    Kept in history, with a profile. Rules that block are asked of every row that counts: what one
    load brought keeps standing in the way until it is mended."""
    handed = report.tally
    if handed is None or not handed.rows:
        return _again(root, report, stream, policy)
    table = f"bronze.{report.source}__{report.stream}"
    said, history, now = policy.of(table), History(root), datetime.now(UTC)
    past = profiles(history, table)
    with connect(root) as con:
        _view(con, root, report, handed)
        con.execute(
            "create view fit as select * from written where _op = 'u' and _rejected is null"
        )
        taken = profile(
            con, table, said, "fit", version=report.position, now=now, before=next(iter(past), None)
        )
        results = [*_arrival(table, report, first=not past)]
        results += judge(con, table, _only(said, blocking=False), "fit")
        results += _blocking(con, root, stream, table, said)
    results += odd(taken, past, said)
    history.append("profiles", as_rows(taken))
    history.append("results", [result.row(now) for result in results])
    return results


def standing(root: LakeRoot, table: str, policy: Policy) -> list[str]:
    """Rules that block and were broken when they were asked last."""
    said = _only(policy.of(table), blocking=True)
    if not said.columns:
        return []
    known = {BLOCKING_COLUMNS, *(rule.check for rule in rules_of(said))}
    failing = History(root).ask("results", _STANDS, [table])
    return [row["check_name"] for row in failing if row["check_name"] in known]


def _again(root: LakeRoot, report: LoadReport, stream: Stream, policy: Policy) -> list[Result]:
    """Of a load without rows: what blocked before it, if anything did, asked again."""
    table = f"bronze.{report.source}__{report.stream}"
    if not standing(root, table, policy):
        return []
    with connect(root) as con:
        results = _blocking(con, root, stream, table, policy.of(table))
    now = datetime.now(UTC)
    History(root).append("results", [result.row(now) for result in results])
    return results


def _blocking(
    con: duckdb.DuckDBPyConnection, root: LakeRoot, stream: Stream, table: str, said: TablePolicy
) -> list[Result]:
    """Rules that block, over the rows that a mapping would take."""
    source, _, _ = table.removeprefix("bronze.").partition("__")
    kept = SourceTable(root, source, stream.name)
    con.execute(f"create view counts as {current_sql(stream, kept.files(), kept.saved().columns)}")
    return [
        replace(result, check=BLOCKING_COLUMNS) if result.kind == "schema" else result
        for result in judge(con, table, _only(said, blocking=True), "counts")
    ]


def _only(said: TablePolicy, *, blocking: bool) -> TablePolicy:
    columns = {n: c for n, c in said.columns.items() if (c.severity == "block") == blocking}
    return said.model_copy(update={"columns": columns})


def _arrival(table: str, report: LoadReport, *, first: bool) -> list[Result]:
    """What the stream's own contract had to do. Of the first load nothing is new."""
    said = [f"new: {name}" for name in report.columns_added if not first]
    said += [f"not sent: {name}" for name in report.columns_missing]
    reasons = ", ".join(f"{reason} ({count})" for reason, count in report.rejected.most_common(3))
    return [
        Result(
            table, "columns sent", "schema", "warn", passed=not said,
            rows=report.rows if said else 0, observed=", ".join(said), expected="the known ones",
        ),
        Result(
            table, "rows set aside", "constraint", "warn", passed=not report.set_aside,
            rows=report.set_aside, observed=reasons, expected="none",
        ),
    ]  # fmt: skip


def _read_back(root: LakeRoot, report: LoadReport, handed: Tally) -> Tally:
    with connect(root) as con:
        columns = _view(con, root, report, handed)
        names = [*(column.name for column in columns), "_key", "_op", "_rejected", "_raw"]
        return tallied(con, "written", names, columns)


def _view(
    con: duckdb.DuckDBPyConnection, root: LakeRoot, report: LoadReport, handed: Tally
) -> list[Column]:
    """Makes `written`, the rows of this load as they lie in the lake; its columns."""
    table = SourceTable(root, report.source, report.stream)
    columns = table.saved().columns
    con.execute(
        f"create view written as select * from ({bronze_sql(table.files(), columns)}) "
        f"where _position between {handed.first} and {handed.last}"
    )
    return columns


def _figures(tally: Tally) -> dict[str, object]:
    exact = {name: value.normalize() for name, value in tally.sums.items() if value}
    return {"rows": 0, "set aside": tally.rejected, "checksum": tally.checksum, **exact}

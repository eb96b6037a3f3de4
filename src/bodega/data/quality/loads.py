"""A load of a source: read back and counted, held against rules and against earlier loads."""

from datetime import UTC, datetime

import duckdb

from bodega.data.ingest.sources.conform import connect
from bodega.data.ingest.sources.contract import Column
from bodega.data.ingest.sources.current import bronze_sql
from bodega.data.ingest.sources.report import LoadReport
from bodega.data.ingest.sources.table import SourceTable
from bodega.data.ingest.sources.tally import Tally, tallied
from bodega.data.lake.storage import LakeRoot
from bodega.data.quality.anomalies import odd
from bodega.data.quality.constraints import judge
from bodega.data.quality.history import History
from bodega.data.quality.policy import Policy
from bodega.data.quality.profile import as_rows, profile
from bodega.data.quality.reconciliation import Line, compared
from bodega.data.quality.results import Result
from bodega.data.quality.watcher import profiles

HOP = "source → bronze"


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


def inspect_load(root: LakeRoot, report: LoadReport, policy: Policy) -> list[Result]:
    """What is odd about the rows of this load: columns, rules, values, all beside earlier loads.
    Kept in history, with a profile."""
    handed = report.tally
    if handed is None or not handed.rows:
        return []
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
        results = [*_arrival(table, report, first=not past), *judge(con, table, said, "fit")]
    results += odd(taken, past, said)
    history.append("profiles", as_rows(taken))
    history.append("results", [result.row(now) for result in results])
    return results


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

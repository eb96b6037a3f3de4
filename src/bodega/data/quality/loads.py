"""A load of a source held against the lake: what was read and handed over is read back."""

from datetime import UTC, datetime

from bodega.data.ingest.sources.conform import connect
from bodega.data.ingest.sources.current import bronze_sql
from bodega.data.ingest.sources.report import LoadReport
from bodega.data.ingest.sources.table import SourceTable
from bodega.data.ingest.sources.tally import Tally, tallied
from bodega.data.lake.storage import LakeRoot
from bodega.data.quality.gate import line_row
from bodega.data.quality.history import History
from bodega.data.quality.reconciliation import Line, compared

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
        "reconciliations", [line_row(line, at=now, load=str(report.position)) for line in lines]
    )
    return lines


def _read_back(root: LakeRoot, report: LoadReport, handed: Tally) -> Tally:
    table = SourceTable(root, report.source, report.stream)
    columns = table.saved().columns
    names = [*(column.name for column in columns), "_key", "_op", "_rejected", "_raw"]
    with connect(root) as con:
        con.execute(
            f"create view written as select * from ({bronze_sql(table.files(), columns)}) "
            f"where _position between {handed.first} and {handed.last}"
        )
        return tallied(con, "written", names, columns)


def _figures(tally: Tally) -> dict[str, object]:
    exact = {name: value.normalize() for name, value in tally.sums.items() if value}
    return {"rows": 0, "set aside": tally.rejected, "checksum": tally.checksum, **exact}

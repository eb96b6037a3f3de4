"""`reports.yml`: which reports there are, checked against the metrics they name.

reports:
  week:
    title: The week
    schedule: every week at 07:00
    period: last week
    to: [owner@shop.example]
    tables:
      - {metrics: [net_sales, orders, average_order_value]}
      - {metrics: [net_sales, units_sold], by: [country], limit: 10}
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from bodega.data.ingest.sources.schedule import Every
from bodega.insight.reports.errors import ReportsMalformed, ReportUnknown
from bodega.insight.reports.period import Period
from bodega.insight.semantic.errors import DimensionUnknown
from bodega.insight.semantic.model import metric
from bodega.kernel.errors import BodegaError

Name = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_-]{0,59}$")]
Line = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[^\r\n]*$")
]
Mailbox = Annotated[
    str, StringConstraints(pattern=r"^[^@\s,;<>\"]+@[^@\s,;<>\"]+$", max_length=254)
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ReportTable(_Strict):
    """Metrics side by side, a row a group of `by`: the largest of the first metric come first,
    days and months in their order."""

    metrics: tuple[str, ...] = Field(min_length=1, max_length=12)
    by: tuple[str, ...] = Field((), max_length=4)
    title: Line = ""
    limit: int = Field(50, ge=1, le=1000)


class Report(_Strict):
    """Without `to` it goes to whoever hears of alerts; without a `schedule` it is sent by hand."""

    title: Line
    period: Period
    tables: tuple[ReportTable, ...] = Field(min_length=1, max_length=20)
    schedule: Every | None = None
    to: tuple[Mailbox, ...] = Field((), max_length=50)
    currency: str | None = Field(None, pattern="^[A-Z]{3}$")
    note: Line = ""


class ReportsFile(_Strict):
    reports: Mapping[Name, Report] = {}

    def named(self, name: str) -> Report:
        """Raises ReportUnknown."""
        found = self.reports.get(name)
        if found is None:
            known = ", ".join(self.reports) or "none: see docs/reports.md"
            raise ReportUnknown(f"There is no report {name!r}; declared are: {known}")
        return found


def read_reports(path: Path) -> ReportsFile:
    """Raises ReportsMalformed, naming each place that is wrong; no file is no reports."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ReportsFile()
    except (OSError, UnicodeDecodeError) as error:
        raise ReportsMalformed(f"{path} cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise ReportsMalformed(f"{path} is not YAML: {error}") from error
    try:
        found = ReportsFile.model_validate(content or {})
    except ValidationError as error:
        lines = [f"  {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise ReportsMalformed(f"{path} breaks a rule:\n" + "\n".join(lines)) from error
    wrong = [said for name, report in found.reports.items() for said in _complaints(name, report)]
    if wrong:
        raise ReportsMalformed(f"{path} breaks a rule:\n" + "\n".join(wrong))
    return found


def _complaints(name: str, report: Report) -> list[str]:
    """Metrics that are none, or are not told apart so, or know no days."""
    wrong = []
    for nth, table in enumerate(report.tables):
        for asked in table.metrics:
            try:
                found = metric(asked)
                found.place_for(list(table.by), timed=True)
                if found.home.time is None:
                    raise DimensionUnknown(asked, "time", sorted(found.home.dimensions))
            except BodegaError as error:
                wrong.append(f"  reports.{name}.tables.{nth}: {error.detail}")
    return wrong

"""What a check found, in the words of an operator."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from bodega.data.quality.policy import Severity

Kind = Literal["schema", "constraint", "volume", "distribution", "anomaly"]


@dataclass(frozen=True, slots=True)
class Result:
    """`rows` break the rule; `observed` are examples or the figure that is odd. A `block` that
    fails keeps the load from the readers."""

    table: str
    check: str
    kind: Kind
    severity: Severity
    passed: bool
    rows: int = 0
    observed: str = ""
    expected: str = ""
    detail: str = ""

    def __str__(self) -> str:
        found = f": {self.observed}" if self.observed else ""
        return f"{self.table} {self.check}, expected {self.expected}{found} ({self.rows} rows)"

    def row(self, at: datetime) -> Mapping[str, Any]:
        """As history keeps it."""
        return {
            "noted_at": at,
            "table_name": self.table,
            "check_name": self.check,
            "kind": self.kind,
            "severity": self.severity,
            "passed": self.passed,
            "row_count": self.rows,
            "observed": self.observed,
            "expected": self.expected,
            "detail": self.detail,
        }

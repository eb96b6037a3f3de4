"""Whether the numbers can be trusted: tables against what is expected of them, rows set aside."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

from pydantic import BaseModel

Layer = Literal["bronze", "silver", "gold"]
Age = Literal["ok", "warn", "late", "unknown", "unwatched"]


class TableQuality(BaseModel):
    """`rows` are those profiled last, `trend` their number over time, the oldest first. `nulls` is
    the largest share of empty values in a column that is filled at all, `drift` the largest PSI
    against the profile before. `failing` counts checks, `blocking` those that keep numbers from
    the readers."""

    table: str
    layer: Layer
    owner: str = ""
    state: Age
    age_seconds: float | None = None
    why: str = ""
    rows: int | None = None
    trend: list[int] = []
    nulls: float | None = None
    drift: float | None = None
    failing: int = 0
    blocking: int = 0
    dead: int = 0


class ColumnQuality(BaseModel):
    """`top` are its most frequent values; of personal columns there are none, nor ends."""

    name: str
    type: str
    nulls: float
    distinct: int
    lowest: str | None
    highest: str | None
    mean: float | None
    drift: float | None
    top: dict[str, int]


class CheckView(BaseModel):
    table: str
    check: str
    kind: str
    severity: Literal["block", "warn"]
    passed: bool
    rows: int
    observed: str
    expected: str
    noted_at: datetime


class LoadLine(BaseModel):
    """A figure of a load on both sides of a hop."""

    noted_at: datetime
    hop: str
    measure: str
    source: str
    target: str
    agrees: bool


class TableReport(BaseModel):
    table: TableQuality
    profiled_at: datetime | None
    columns: list[ColumnQuality]
    checks: list[CheckView]
    loads: list[LoadLine]


class DeadView(BaseModel):
    """A row that was set aside; what belongs to a person reads `(personal)`."""

    id: str
    table: str
    layer: Layer
    since: datetime
    reason: str
    origin: str
    row: dict[str, str | None]


class DrivenView(BaseModel):
    """`refused`: it cannot be driven in this way, for `detail`."""

    id: str
    outcome: Literal["driven", "still", "already", "dropped", "refused"]
    detail: str = ""


class Standing(BaseModel):
    """All tables, what fails of them, and the lines of loads that did not agree, of a week."""

    tables: list[TableQuality]
    failing: list[CheckView]
    differing: int
    loads: int


class Quality(Protocol):
    """Reads the lake and its history; an empty lake has nothing to say."""

    async def standing(self) -> Standing: ...

    async def table(self, *, name: str) -> TableReport | None:
        """`gold.fct_orders`; None where there is no such table."""

    async def dead(self, *, table: str | None = None, limit: int = 100) -> list[DeadView]:
        """The newest first."""

    async def redrive(
        self,
        *,
        ids: Sequence[str],
        edits: Mapping[str, str | None],
        by: str,
        why: str,
        drop: bool = False,
    ) -> list[DrivenView]:
        """Each counts once, however often it is asked."""

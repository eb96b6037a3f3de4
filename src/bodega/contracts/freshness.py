"""How old the numbers are."""

from datetime import datetime
from typing import Literal, Protocol

from pydantic import BaseModel


class TableFreshness(BaseModel):
    """`version` is the Delta version readers see; `rows` its row count. `state` holds
    `age_seconds`, the time since the table was last known to be up to date, against what is
    promised of it; `unwatched`: nothing is."""

    table: str
    version: int
    rows: int
    updated_at: datetime
    state: Literal["ok", "warn", "late", "unknown", "unwatched"] = "unwatched"
    age_seconds: float | None = None


class FreshnessReport(BaseModel):
    """`known_at` is the commit time of the newest source row that the published numbers contain,
    `checked_at` the last time the pipelines found nothing newer; `position` is a PostgreSQL LSN."""

    state: Literal["empty", "ok", "late"]
    published_at: datetime | None
    known_at: datetime | None
    checked_at: datetime | None = None
    position: int | None
    tables: list[TableFreshness]


class Freshness(Protocol):
    """Asks the published set, not the pipelines: what a reader would see right now."""

    async def report(self) -> FreshnessReport: ...

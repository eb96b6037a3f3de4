"""`lake/status.json`: what the pipelines did last, for people and for freshness."""

import os
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ValidationError

from bodega.data.lake.storage import LakeRoot
from bodega.data.pipelines.refresh import Outcome

STATUS = "status.json"
KEPT = 50


class Status(BaseModel):
    """`checked_at` is when the published set was last found, or brought, up to date with bronze.
    `runs` are refreshes that did something, newest first."""

    checked_at: datetime | None = None
    pid: int | None = None
    runs: list[Outcome] = []

    @property
    def blocked(self) -> bool:
        return bool(self.runs) and self.runs[0].state == "blocked"


def read_status(lake: Path) -> Status:
    """Empty before the first refresh."""
    try:
        return Status.model_validate_json((lake / STATUS).read_bytes())
    except (FileNotFoundError, ValidationError):
        return Status()


def record(lake: Path, outcome: Outcome) -> Status:
    """Add one refresh to the history."""
    status = read_status(lake)
    if outcome.state != "nothing":
        status.runs = [outcome, *status.runs][:KEPT]
    if outcome.state != "blocked":
        status.checked_at = datetime.now(UTC)
    status.pid = os.getpid()
    LakeRoot(lake).write_json(STATUS, status.model_dump(mode="json"))
    return status

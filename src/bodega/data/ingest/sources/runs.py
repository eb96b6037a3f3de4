"""How readings by schedule went: kept beside the sources' state in bronze."""

import fcntl
from datetime import datetime

from pydantic import BaseModel

from bodega.data.lake.paths import BRONZE
from bodega.data.lake.storage import LakeRoot

_STATE = f"{BRONZE}/_state/_schedule.json"


class Run(BaseModel):
    """The last reading of a source by schedule; `succeeded_at` is when one last ended well."""

    started: datetime
    ended: datetime | None = None
    ok: bool | None = None
    said: str = ""
    succeeded_at: datetime | None = None


def read_runs(root: LakeRoot) -> dict[str, Run]:
    """By source."""
    saved = root.read_json(_STATE) or {}
    return {name: Run.model_validate(run) for name, run in saved.items()}


def remember_run(root: LakeRoot, name: str, run: Run) -> None:
    """Sources that are read at the same time each keep theirs."""
    root.work.mkdir(parents=True, exist_ok=True)
    with (root.work / "schedule.lock").open("a") as alone:
        fcntl.flock(alone, fcntl.LOCK_EX)
        runs = read_runs(root) | {name: run}
        content = {known: kept.model_dump(mode="json") for known, kept in runs.items()}
        root.write_json(_STATE, content)

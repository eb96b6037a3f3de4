"""What the pipelines did, step by step, and what they had to tell somebody."""

from datetime import datetime
from typing import Literal, Protocol

from pydantic import BaseModel

RunKind = Literal["refresh", "backfill", "source", "training", "care"]
RunState = Literal["running", "succeeded", "blocked", "failed", "lost"]
StepState = Literal["running", "succeeded", "failed", "skipped"]
Severity = Literal["warning", "error"]


class RunView(BaseModel):
    """One run. `name` says what of its kind, `trigger` who asked for it. A run is `blocked` when a
    check kept readers on the old set, `lost` when its process died. `rows` and `bytes` are what it
    wrote. `failing_step` is the first step that failed, `detail` why."""

    id: str
    kind: RunKind
    name: str
    trigger: str
    state: RunState
    started_at: datetime
    ended_at: datetime | None = None
    seconds: float | None = None
    rows: int | None = None
    bytes: int | None = None
    failing_step: str | None = None
    detail: str = ""


class StepView(BaseModel):
    """One step of a run: a table read, a model built, a check made, a table published."""

    name: str
    kind: str
    state: StepState
    started_at: datetime | None = None
    seconds: float | None = None
    rows: int | None = None
    bytes: int | None = None
    detail: str = ""


class LogLineView(BaseModel):
    """What a step said; `step` is empty for the run itself."""

    at: datetime
    step: str
    level: str
    text: str


class RunDetail(RunView):
    steps: list[StepView] = []
    logs: list[LogLineView] = []


class DeliveryView(BaseModel):
    """One message about an alert over one channel."""

    channel: str
    kind: Literal["raised", "repeated", "resolved"]
    created_at: datetime
    sent_at: datetime | None
    attempts: int
    failure: str


class AlertView(BaseModel):
    """Something that needs a person, open until `resolved_at`. However often it is raised meanwhile
    it is one alert; `count` tells how often, `last_at` when last."""

    id: int
    key: str
    title: str
    detail: str
    severity: Severity
    count: int
    opened_at: datetime
    last_at: datetime
    resolved_at: datetime | None = None
    deliveries: list[DeliveryView] = []


class Pipelines(Protocol):
    """The history of the pipelines, newest first."""

    async def runs(self, *, kind: RunKind | None = None, limit: int = 50) -> list[RunView]: ...

    async def run(self, *, run_id: str) -> RunDetail | None: ...

    async def alerts(self, *, open_only: bool = False, limit: int = 50) -> list[AlertView]: ...

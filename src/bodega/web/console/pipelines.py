"""The pipelines in the console: what ran, how long it took, what failed and why, who was told."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar, cast, get_args

from fastapi import APIRouter, Request
from starlette.responses import Response

from bodega.backbone.http.deps import provided
from bodega.backbone.telemetry.logs import get_logger
from bodega.contracts.pipelines import Pipelines, RunKind, RunView, StepView
from bodega.kernel.errors import NotFound, Unavailable
from bodega.web.access import ConsoleStaff
from bodega.web.pages import render

LIMIT = 60
ALERTS = 20
WIDTH, HEIGHT, LEAST = 720, 72, 3
router = APIRouter(prefix="/console/pipelines", include_in_schema=False)
T = TypeVar("T")
log = get_logger(__name__)

Records = Annotated[Pipelines, provided(Pipelines)]


@dataclass(frozen=True, slots=True)
class Bar:
    """A run in the picture, oldest left; pixels of the view box."""

    x: float
    y: float
    width: float
    height: float
    run: RunView


@dataclass(frozen=True, slots=True)
class Share:
    """A step and how much of the longest one it took, in percent."""

    step: StepView
    share: float


@router.get("")
async def list_runs(
    request: Request, who: ConsoleStaff, records: Records, kind: str = ""
) -> Response:
    wanted = cast("RunKind | None", kind if kind in get_args(RunKind) else None)
    found = await _answer(records.runs(kind=wanted, limit=LIMIT))
    alerts = await _answer(records.alerts(limit=ALERTS))
    return render(
        request,
        "console/pipelines.html",
        runs=found,
        bars=bars_of(found or []),
        width=WIDTH,
        height=HEIGHT,
        kinds=get_args(RunKind),
        kind=wanted or "",
        alerts=alerts,
    )


@router.get("/{run_id}")
async def show_run(request: Request, who: ConsoleStaff, records: Records, run_id: str) -> Response:
    run = await records.run(run_id=run_id)
    if run is None:
        raise NotFound("This run is not remembered any more.")
    return render(request, "console/pipeline_run.html", run=run, steps=shares_of(run.steps))


def bars_of(runs: Sequence[RunView]) -> list[Bar]:
    """Every run a bar as high as it was long, the newest at the right edge; one too short to be
    seen is given some pixels."""
    longest = max((run.seconds or 0 for run in runs), default=0) or 1
    slot = WIDTH / max(len(runs), 20)
    left = WIDTH - slot * len(runs)
    return [
        Bar(
            x=round(left + index * slot + slot * 0.1, 2),
            y=round(HEIGHT - height, 2),
            width=round(slot * 0.8, 2),
            height=round(height, 2),
            run=run,
        )
        for index, run in enumerate(reversed(runs))
        for height in [max(LEAST, (run.seconds or 0) / longest * HEIGHT)]
    ]


def shares_of(steps: Sequence[StepView]) -> list[Share]:
    longest = max((step.seconds or 0 for step in steps), default=0) or 1
    return [Share(step, round((step.seconds or 0) / longest * 100, 1)) for step in steps]


async def _answer(asked: Awaitable[T]) -> T | None:
    """None when the process that knows does not answer."""
    try:
        return await asked
    except Unavailable as error:
        log.warning("console_part_missing", code=error.code)
        return None

"""Which endings of a refresh somebody has to hear of, and when that is over."""

from pathlib import Path

from bodega.backbone.telemetry.metrics import PIPELINE_RUNS, PIPELINE_SECONDS
from bodega.data.operations.alerts import raise_alert, resolve_alert
from bodega.data.pipelines.refresh import HELD, Outcome

FAILING, BLOCKED, HELD_BACK = "refresh", "publishing", "held"
TWICE = 2


def ended(work: Path, outcome: Outcome) -> None:
    """A check that keeps readers on the old set is told at once, and that they are let go."""
    kind = "backfill" if outcome.days else "refresh"
    if outcome.state != "nothing":
        PIPELINE_RUNS.labels(kind, outcome.state).inc()
        PIPELINE_SECONDS.labels(kind).observe(outcome.seconds)
    resolve_alert(work, key=FAILING)
    if outcome.failures == [HELD]:
        title = "Readers are held on an older set"
        raise_alert(work, key=HELD_BACK, title=title, detail=HELD, severity="warning")
        return
    resolve_alert(work, key=HELD_BACK)
    if outcome.state == "blocked":
        title = "New numbers are not published: a check failed"
        raise_alert(work, key=BLOCKED, title=title, detail="\n".join(outcome.failures))
    elif outcome.state == "published":
        resolve_alert(work, key=BLOCKED)


def failed(work: Path, reason: str, *, times: int) -> None:
    """Once can be chance; `times` in a row it is told."""
    PIPELINE_RUNS.labels("refresh", "failed").inc()
    if times >= TWICE:
        title = "The warehouse cannot be refreshed"
        raise_alert(work, key=FAILING, title=title, detail=f"{times} times in a row: {reason}")

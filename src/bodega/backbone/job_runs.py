"""Runs of schedules and started jobs, as durable work that staff may look into; their pruning."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from bodega.backbone.db import sqlalchemy_url
from bodega.backbone.jobs import SCHEMA, start
from bodega.backbone.module import Context, Job
from bodega.backbone.settings import Settings
from bodega.backbone.telemetry.logs import get_logger
from bodega.backbone.workflows import Workflow, WorkflowState

if TYPE_CHECKING:
    from dbos import DBOSClient, WorkflowStatus

T = TypeVar("T")
log = get_logger(__name__)

_BATCH = 500
_STATES: dict[str, WorkflowState] = {
    "DELAYED": "waiting",
    "ENQUEUED": "waiting",
    "PENDING": "running",
    "SUCCESS": "completed",
    "ERROR": "failed",
    "CANCELLED": "cancelled",
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": "failed",
}
_OPEN = ["DELAYED", "ENQUEUED", "PENDING"]


class JobRuns:
    """Answers `bodega.backbone.workflows.WorkflowSource` from DBOS's own tables."""

    kind = "job"

    def __init__(self, context: Context) -> None:
        self._settings = context.settings

    async def latest(self, *, limit: int, open_only: bool) -> Sequence[Workflow]:
        wanted = _OPEN if open_only else None
        nothing: list[WorkflowStatus] = []
        found = await self._ask(
            lambda client: client.list_workflows(
                status=wanted, limit=limit, sort_desc=True, load_output=not open_only
            ),
            nothing,
        )
        return [_workflow(run) for run in found]

    async def find(self, id_: str) -> Workflow | None:
        run = await self._run(id_)
        return _workflow(run) if run is not None else None

    async def retry(self, id_: str) -> bool:
        """A cancelled run goes on; a failed one is started anew under an id of its own."""
        run = await self._run(id_)
        state = _STATES.get(run.status) if run is not None else None
        if state == "failed":
            await start(self._settings, _job(run))
        elif state == "cancelled":
            await self._ask(lambda client: client.resume_workflow(id_), None)
        return state in ("failed", "cancelled")

    async def cancel(self, id_: str) -> bool:
        """It takes no further step; a step under way is finished first."""
        run = await self._run(id_)
        if run is None or run.status not in _OPEN:
            return False
        await self._ask(lambda client: client.cancel_workflow(id_), None)
        return True

    async def _run(self, id_: str) -> Any:
        nothing: list[WorkflowStatus] = []
        found = await self._ask(lambda client: client.list_workflows(workflow_ids=[id_]), nothing)
        return found[0] if found else None

    async def _ask(self, ask: "Callable[[DBOSClient], T]", nothing: T) -> T:
        return await asyncio.to_thread(_asked, self._settings, ask, nothing)


def _asked(settings: Settings, ask: "Callable[[DBOSClient], T]", nothing: T) -> T:
    """`nothing` as long as no worker has ever made the tables."""
    from sqlalchemy.exc import ProgrammingError

    try:
        with _client(settings) as client:
            return ask(client)
    except ProgrammingError:
        return nothing


@contextmanager
def _client(settings: Settings) -> "Iterator[DBOSClient]":
    from dbos import DBOSClient

    client = DBOSClient(
        system_database_url=sqlalchemy_url(settings.direct_dsn),
        dbos_system_schema=SCHEMA,
        system_database_pool_size=1,
        retry_connection_errors=False,
    )
    try:
        yield client
    finally:
        client.destroy()


def _workflow(run: Any) -> Workflow:
    facts = {"queue": run.queue_name, "executor": run.executor_id, "function": run.name}
    return Workflow(
        kind=JobRuns.kind,
        id=run.workflow_id,
        state=_STATES.get(run.status, "running"),
        at=_job(run),
        started_at=_instant(run.created_at) or datetime.fromtimestamp(0, UTC),
        ended_at=_instant(run.completed_at),
        attempts=run.recovery_attempts or 0,
        trouble=f"{type(run.error).__name__}: {run.error}" if run.error else None,
        facts={name: str(value) for name, value in facts.items() if value},
    )


def _job(run: Any) -> str:
    """Our workflows take the job's name as their last argument."""
    arguments = (run.input or {}).get("args") or ()
    return str(arguments[-1]) if arguments else str(run.name)


def _instant(milliseconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else None


async def prune(context: Context) -> None:
    """Forget runs that ended longer ago than `BODEGA_JOBS_KEEP_DAYS`."""
    until = context.clock.now() - timedelta(days=context.settings.jobs_keep_days)
    count = await asyncio.to_thread(_prune, context.settings, until)
    log.info("jobs_pruned", runs=count)


def _prune(settings: Settings, until: datetime) -> int:
    count = 0
    with _client(settings) as client:
        while True:
            ended = client.list_workflows(
                completed_before=until.isoformat(),
                limit=_BATCH,
                load_input=False,
                load_output=False,
            )
            if not ended:
                return count
            client.delete_workflows([run.workflow_id for run in ended])
            count += len(ended)


JOBS: list[Job] = [Job("backbone.prune_jobs", 24 * 3600, prune)]

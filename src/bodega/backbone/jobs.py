"""Work that is nobody's request: frequent sweeps, schedules, and slow jobs that survive a crash.

A Job that comes round within a minute is a *sweep*: a tick on one worker at a time, under a lock
that the database frees when that worker dies. Anything rarer is a durable *schedule* on DBOS:
recorded, recovered after a crash, and never run twice for the same tick. Slow work is started by
name with `start` and runs as a durable workflow on a worker.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

import psycopg

from bodega.backbone.db import sqlalchemy_url
from bodega.backbone.module import Context, Job
from bodega.backbone.settings import Settings
from bodega.backbone.telemetry.logs import get_logger

if TYPE_CHECKING:
    from dbos import DBOSConfig, EnqueueOptions

log = get_logger(__name__)

SWEEP_SECONDS = 60.0
QUEUE = "bodega"
SCHEMA = "dbos"
APPLICATION = "bodega"
_STANDBY_SECONDS = 2.0
_LOCK = 7_264_120
_SCHEDULED = "bodega.scheduled"
_STARTED = "bodega.started"


class Sweeper:
    """Runs every sweep on whichever worker holds the lock; the others stand by."""

    def __init__(self, context: Context, jobs: Sequence[Job]) -> None:
        self._context = context
        self._jobs = [job for job in jobs if job.every_seconds < SWEEP_SECONDS]

    async def run(self, stop: asyncio.Event) -> None:
        """The lock lives on a connection of its own, so it ends when this process does."""
        dsn = self._context.settings.direct_dsn
        while not stop.is_set():
            try:
                async with await psycopg.AsyncConnection.connect(
                    dsn, autocommit=True, connect_timeout=5
                ) as guard:
                    if await _locked(guard):
                        await self._lead(guard, stop)
            except (psycopg.Error, OSError) as error:
                log.debug("sweeps_interrupted", error=type(error).__name__)
            await _pause(stop, _STANDBY_SECONDS)

    async def _lead(self, guard: psycopg.AsyncConnection[Any], stop: asyncio.Event) -> None:
        """Tick until `stop`, or until the guarding connection is gone."""
        ticking = [asyncio.create_task(self._tick(job, stop)) for job in self._jobs]
        try:
            while not stop.is_set():
                await _pause(stop, _STANDBY_SECONDS)
                await guard.execute("SELECT 1")
        finally:
            for task in ticking:
                task.cancel()
            await asyncio.gather(*ticking, return_exceptions=True)

    async def _tick(self, job: Job, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await job.run(self._context)
            except Exception as error:
                log.warning("sweep_failed", job=job.name, exc_info=error)
            await _pause(stop, job.every_seconds)


async def _locked(guard: psycopg.AsyncConnection[Any]) -> bool:
    row = await (await guard.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])).fetchone()
    return bool(row and row[0])


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


class Durable:
    """DBOS with our schedules and jobs: a stable executor id and a stated application version, so
    that neither a crash nor a deploy strands a workflow. One a process."""

    def __init__(self, context: Context, jobs: Sequence[Job], *, executor: str) -> None:
        self._context = context
        self._jobs = {job.name: job for job in jobs}
        self._executor = executor

    async def launch(self) -> None:
        """Recover what a crash interrupted, take queued jobs, keep schedules. Jobs run on the
        event loop that launches."""
        try:
            await asyncio.to_thread(self._launch, asyncio.get_running_loop())
        except BaseException:
            await self.close()
            raise

    def _launch(self, loop: asyncio.AbstractEventLoop) -> None:
        from dbos import DBOS

        DBOS(config=_config(self._context.settings, self._executor))

        @DBOS.step(name="bodega.run")
        def run(name: str) -> None:
            log.info("job_started", job=name)
            work = self._jobs[name].run(self._context)
            asyncio.run_coroutine_threadsafe(_awaited(work), loop).result()

        @DBOS.workflow(name=_SCHEDULED)
        def scheduled(_at: datetime, name: Any) -> None:
            run(str(name))

        @DBOS.workflow(name=_STARTED)
        def started(name: str) -> None:
            run(name)

        DBOS.launch()
        DBOS.register_queue(QUEUE, worker_concurrency=2)
        DBOS.apply_schedules(
            [
                {
                    "schedule_name": job.name,
                    "workflow_fn": scheduled,
                    "schedule": cron(job.every_seconds),
                    "context": job.name,
                }
                for job in self._jobs.values()
                if job.every_seconds >= SWEEP_SECONDS
            ]
        )

    async def close(self) -> None:
        """A workflow under way is left to the next start."""
        from dbos import DBOS

        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)


async def _awaited(work: Awaitable[None]) -> None:
    await work


async def start(settings: Settings, name: str, *, key: str | None = None) -> str:
    """Queue the job `name` for a worker; its workflow id. The same `key` queues it once."""
    return await asyncio.to_thread(_enqueue, settings, name, key)


def _enqueue(settings: Settings, name: str, key: str | None) -> str:
    from dbos import DBOSClient

    client = DBOSClient(
        system_database_url=sqlalchemy_url(settings.direct_dsn), dbos_system_schema=SCHEMA
    )
    try:
        options: EnqueueOptions = {"workflow_name": _STARTED, "queue_name": QUEUE}
        if key is not None:
            options["workflow_id"] = f"{name}:{key}"
        return client.enqueue(options, name).get_workflow_id()
    finally:
        client.destroy()


def cron(every_seconds: float) -> str:
    """A cron line that comes round about every so many seconds: whole minutes, then hours."""
    minutes = max(1, round(every_seconds / 60))
    if minutes < 60:
        return f"*/{minutes} * * * *"
    hours = min(24, round(minutes / 60))
    return "0 0 * * *" if hours >= 24 else f"0 */{hours} * * *"


def _config(settings: Settings, executor: str) -> "DBOSConfig":
    return {
        "name": APPLICATION,
        "system_database_url": sqlalchemy_url(settings.direct_dsn),
        "dbos_system_schema": SCHEMA,
        "application_version": APPLICATION,
        "executor_id": executor,
        "sys_db_pool_size": 3,
        "log_level": "WARNING",
        "enable_otlp": False,
        "notification_listener_polling_interval_sec": 5.0,
        "scheduler_polling_interval_sec": 30.0,
    }

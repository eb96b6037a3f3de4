"""A worker to be killed, with jobs that leave marks: `python -m tests.backbone.jobs.child NAME`.

`slow` writes "begun", works until the table says "go on", then writes "done".
"""

import asyncio
import sys

from sqlalchemy import text

from bodega.apps.run import stop_event
from bodega.backbone.cache import Cache
from bodega.backbone.container import Container
from bodega.backbone.db import Database
from bodega.backbone.jobs import Durable, Sweeper
from bodega.backbone.module import Context, Job
from bodega.backbone.settings import load_settings
from bodega.kernel.clock import SystemClock

MARK = text("INSERT INTO probe.marks (job, what, process) VALUES (:job, :what, :process)")
GO_ON = text("SELECT 1 FROM probe.marks WHERE what = 'go on'")


async def mark(context: Context, job: str, what: str) -> None:
    async with context.database.work() as uow:
        row = {"job": job, "what": what, "process": sys.argv[1]}
        await uow.connection.execute(MARK, row)


async def slow(context: Context) -> None:
    await mark(context, "slow", "begun")
    while True:
        async with context.database.reading() as connection:
            if (await connection.execute(GO_ON)).first():
                break
        await asyncio.sleep(0.1)
    await mark(context, "slow", "done")


async def sweep(context: Context) -> None:
    await mark(context, "sweep", "tick")


async def main() -> None:
    settings = load_settings()
    database = Database(settings)
    context = Context(settings, database, Cache(settings), SystemClock(), Container())
    jobs = [Job("slow", 3600, slow), Job("sweep", 0.2, sweep)]
    durable, stop = Durable(context, jobs, executor=sys.argv[1]), stop_event()
    await durable.launch()
    await Sweeper(context, jobs).run(stop)
    await durable.close()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main())

"""The worker's process: reactions to events, sweeps, schedules and durable jobs."""

import asyncio
from collections.abc import Collection
from functools import partial

import uvloop

from bodega.apps.compose import Shop, compose
from bodega.apps.modules import modules
from bodega.apps.run import keep_loaded, serve_metrics, stop_event
from bodega.backbone import job_runs
from bodega.backbone.events.consumers import Consumers
from bodega.backbone.events.handling import Consumer, Policy
from bodega.backbone.jobs import Durable, Sweeper
from bodega.backbone.module import Context, Handler, Job
from bodega.backbone.settings import Settings, load_settings
from bodega.backbone.telemetry.logs import configure_logs, get_logger
from bodega.kernel.events import Event

log = get_logger(__name__)
_MEASURE_SECONDS = 10.0


def handlers() -> list[Handler]:
    return [handler for module in modules() for handler in module.handlers]


def jobs() -> list[Job]:
    return [*job_runs.JOBS, *(job for module in modules() for job in module.jobs)]


def consumers(context: Context, *, only: Collection[str] | None = None) -> Consumers:
    """Every module's handlers over this process's database, or those of the names."""
    settings = context.settings
    return Consumers(
        database=context.database,
        dsn=settings.direct_dsn,
        consumers=[
            _consumer(context, handler)
            for handler in handlers()
            if only is None or handler.name in only
        ],
        partitions=settings.events_partitions,
        policy=Policy(batch=settings.events_batch, retries=settings.events_retries),
    )


def _consumer(context: Context, handler: Handler) -> Consumer:
    types: dict[str, type[Event]] = {event.type: event for event in handler.events}
    return Consumer(handler.name, types, partial(handler.react, context))


async def main(settings: Settings) -> None:
    """Until SIGTERM or SIGINT; what is under way is finished first."""
    stop = stop_event()
    shop = compose(settings)
    durable = Durable(shop.context, jobs(), executor=settings.process)
    try:
        await _launched(durable, stop)
        keep_loaded()
        log.info("worker_started", consumers=len(handlers()), jobs=len(jobs()))
        await _work(shop, stop)
    finally:
        await durable.close()
        await shop.close()
        log.info("worker_stopped")


async def _launched(durable: Durable, stop: asyncio.Event) -> None:
    """A database that is not up yet is waited for."""
    while not stop.is_set():
        try:
            await durable.launch()
        except Exception as error:
            log.warning("jobs_not_launched", error=type(error).__name__)
            await asyncio.sleep(1)
        else:
            return


async def _work(shop: Shop, stop: asyncio.Event) -> None:
    reading = consumers(shop.context)
    await asyncio.gather(
        reading.run(stop), Sweeper(shop.context, jobs()).run(stop), _measure(reading, stop)
    )


async def _measure(reading: Consumers, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await reading.measure()
        except Exception as error:
            log.debug("lag_not_measured", error=type(error).__name__)
        try:
            await asyncio.wait_for(stop.wait(), _MEASURE_SECONDS)
        except TimeoutError:
            continue


if __name__ == "__main__":
    settings = load_settings()
    configure_logs(settings)
    serve_metrics(settings)
    uvloop.run(main(settings))

"""Read models by name: how far each is, and making one anew from the event log."""

import asyncio
from dataclasses import dataclass

from bodega.apps.modules import modules
from bodega.apps.worker import consumers
from bodega.backbone.events.log import consumer_lag
from bodega.backbone.module import Context
from bodega.backbone.read_models import ReadModel, ReadModelUnknown, forget, rows

_LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Standing:
    """`behind` events are still to be read; `stuck` ones wait for an operator."""

    name: str
    consumer: str
    rows: int
    behind: int
    stuck: int


def read_models() -> dict[str, ReadModel]:
    """By name, in the order of modules."""
    return {model.name: model for module in modules() for model in module.read_models}


async def standing(context: Context, name: str | None = None) -> list[Standing]:
    """Raises ReadModelUnknown."""
    async with context.database.reading() as connection:
        lag = {row.consumer: row for row in await consumer_lag(connection)}
    found = []
    for model in _chosen(name):
        row = lag.get(model.consumer)
        count = await rows(context.database, model)
        found.append(
            Standing(
                model.name,
                model.consumer,
                count,
                row.lag if row else 0,
                row.parked if row else 0,
            )
        )
    return found


async def rebuild(context: Context, name: str | None = None) -> list[Standing]:
    """Empty it (or all) and read the log again, beside a worker or without one. Until it has caught
    up its readers see less than there is. Raises ReadModelUnknown."""
    models = _chosen(name)
    names = {model.consumer for model in models}
    reading = consumers(context, only=names)
    await reading.create_positions()
    for model in models:
        await forget(context.database, model)
    while True:
        await reading.drain()
        now = await standing(context, name)
        if not any(item.behind for item in now):
            return now
        await asyncio.sleep(_LOOK_SECONDS)


def _chosen(name: str | None) -> list[ReadModel]:
    known = read_models()
    if name is None:
        return list(known.values())
    if name not in known:
        raise ReadModelUnknown(f"No read model {name!r}: there are {', '.join(known)}")
    return [known[name]]

"""How far each consumer of events is behind, from the event log's own table of positions."""

from collections.abc import Awaitable, Callable, Sequence

from fastapi import Request

from bodega.backbone.db import Database
from bodega.web.console.overview import Lag

LagReader = Callable[[], Awaitable[Sequence[Lag]]]


def lag_reader(request: Request) -> LagReader:
    database: Database = request.app.state.database

    async def read() -> list[Lag]:
        from bodega.backbone.events.log import consumer_lag

        async with database.reading() as connection:
            behind = await consumer_lag(connection)
        return [Lag(one.consumer, one.waiting, one.parked) for one in behind]

    return read

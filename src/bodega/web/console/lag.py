"""How far each consumer of events is behind, asked of the event log itself."""

from collections.abc import Awaitable, Callable, Sequence

from fastapi import Request

from bodega.backbone.db import Database
from bodega.backbone.events.log import ConsumerLag, consumer_lag

LagReader = Callable[[], Awaitable[Sequence[ConsumerLag]]]


def lag_reader(request: Request) -> LagReader:
    database: Database = request.app.state.database

    async def read() -> Sequence[ConsumerLag]:
        async with database.reading() as connection:
            return await consumer_lag(connection)

    return read

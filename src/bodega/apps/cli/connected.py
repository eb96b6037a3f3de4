"""The database of a running shop, for one command."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bodega.backbone.db import Database


@asynccontextmanager
async def connected() -> "AsyncIterator[Database]":
    """Raises Unavailable when it does not answer."""
    from bodega.apps.supervise.environment import connected_settings
    from bodega.backbone.db import Database
    from bodega.kernel.errors import Unavailable

    database = Database(connected_settings())
    try:
        try:
            await database.ping()
        except Exception as error:
            raise Unavailable("The database does not answer: see `bodega status`.") from error
        yield database
    finally:
        await database.close()

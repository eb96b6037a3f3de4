"""A process to be killed: `python -m tests.backbone.events.child NAME`, a worker of the probe."""

import asyncio
import sys

from bodega.apps.run import stop_event
from bodega.backbone.db import Database
from bodega.backbone.settings import load_settings
from tests.backbone.events.probe import consumers, effect


async def main(process: str) -> None:
    database = Database(load_settings())
    await consumers(
        database, effect("probe.a", process=process), effect("probe.b", process=process)
    ).run(stop_event())
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))

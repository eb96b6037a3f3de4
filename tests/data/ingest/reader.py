"""The feed in a process of its own, to be killed; arguments: DSN SLOT LAKE."""

import sys
import threading

from bodega.backbone.changes.feed import ChangeFeed, FlushPolicy
from bodega.data.ingest.bronze import BronzeSink
from bodega.data.lake.storage import LakeRoot

TABLE = "public.things"


def main(dsn: str, slot: str, lake: str) -> None:
    feed = ChangeFeed(
        dsn,
        {TABLE: ("id", "size")},
        BronzeSink(LakeRoot(lake)),
        slot=slot,
        publication="things",
        policy=FlushPolicy(seconds=0.2, rows=50, catch_up_rows=100),
    )
    feed.run(threading.Event())


if __name__ == "__main__":
    main(*sys.argv[1:])

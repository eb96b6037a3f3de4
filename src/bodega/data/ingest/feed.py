"""The shop's changes into bronze, and word of it to whoever builds on bronze."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bodega.backbone.changes.feed import ChangeFeed, FlushPolicy
from bodega.backbone.module import PersonalData
from bodega.backbone.settings import Settings
from bodega.backbone.vault.keys import MasterKeys
from bodega.backbone.vault.store import Vault
from bodega.data.ingest.bronze import BronzeSink
from bodega.data.ingest.seal import SealedSink
from bodega.data.lake.policy import policies
from bodega.data.lake.storage import LakeRoot


@dataclass(frozen=True, slots=True)
class Landing:
    """Bronze is complete to `position`; `tables` ("schema.table") have changed since last asked."""

    position: int
    tables: frozenset[str]


class Landings:
    """News from the feed's thread: pass `landed` as its listener, wait in another."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._position = 0
        self._tables: frozenset[str] = frozenset()

    def landed(self, position: int, tables: frozenset[str]) -> None:
        with self._news:
            self._position = position
            self._tables |= tables
            if self._tables:
                self._news.notify_all()

    def wait(self, timeout: float) -> Landing | None:
        """What has changed since the last call, as soon as anything has; None after `timeout`."""
        with self._news:
            if not self._news.wait_for(lambda: bool(self._tables), timeout):
                return None
            landing = Landing(self._position, self._tables)
            self._tables = frozenset()
            return landing


def bronze_feed(
    settings: Settings,
    published: Mapping[str, Sequence[str]],
    landings: Landings,
    personal: Mapping[str, PersonalData] | None = None,
) -> ChangeFeed:
    """The change feed of this shop; `published` is {"schema.table": columns}, and of those
    `personal` are sealed. Call `run(stop)`."""
    bronze = BronzeSink(LakeRoot.of(settings), policy=policies(settings)["bronze"])
    return ChangeFeed(
        settings.direct_dsn,
        published,
        SealedSink(bronze, Vault(settings.dsn, MasterKeys.of(settings)), personal or {}),
        policy=FlushPolicy(seconds=settings.lake_flush_seconds, rows=settings.lake_flush_rows),
        listener=landings.landed,
    )

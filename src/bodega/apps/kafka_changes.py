"""The shop's row changes to Kafka, beside bronze: a slot of its own, personal columns sealed."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

from bodega.apps.kafka import registry_of
from bodega.apps.modules import personal, published
from bodega.backbone.changes.feed import ChangeFeed, FlushPolicy
from bodega.backbone.kafka.changes import FEED, KafkaSink
from bodega.backbone.kafka.connection import Access, client
from bodega.backbone.kafka.errors import KafkaMissing
from bodega.backbone.kafka.wire import AvroWire
from bodega.backbone.settings import Settings
from bodega.backbone.telemetry.logs import get_logger
from bodega.backbone.vault.keys import MasterKeys
from bodega.backbone.vault.store import Vault
from bodega.data.ingest.seal import SealedSink

log = get_logger(__name__)
_FLUSH = FlushPolicy(seconds=1.0)


def keep_sending(settings: Settings, stop: threading.Event) -> None:
    """Until `stop`. Without the extra nothing is sent, and the pipelines go on."""
    try:
        client()
    except KafkaMissing as error:
        log.error("kafka_not_installed", error=error.detail)
        stop.wait()
        return
    with kafka_feed(settings) as feed:
        feed.run(stop)


@contextmanager
def kafka_feed(settings: Settings) -> Iterator[ChangeFeed]:
    """Call `run(stop)`."""
    sealed, tables = personal(), published()
    registry = registry_of(settings) if settings.events_kafka_changes == "avro" else None
    sink = KafkaSink(
        settings.direct_dsn,
        Access.of(settings),
        prefix=settings.events_kafka_prefix,
        published=tables,
        sealed={table: data.columns for table, data in sealed.items()},
        avro=AvroWire(registry) if registry else None,
    )
    vault = Vault(settings.dsn, MasterKeys.of(settings))
    with closing(sink):
        yield ChangeFeed(
            settings.direct_dsn,
            tables,
            SealedSink(sink, vault, sealed),
            slot=FEED,
            publication=FEED,
            policy=_FLUSH,
        )

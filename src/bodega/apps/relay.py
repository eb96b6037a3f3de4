"""The relay's process: outbox → event log, and Kafka beside it where that is configured."""

import threading
from contextlib import AbstractContextManager, nullcontext

from bodega.apps.run import on_stop_signal, serve_metrics
from bodega.backbone.events.relay import Relay
from bodega.backbone.settings import Settings, load_settings
from bodega.backbone.telemetry.logs import configure_logs, get_logger

log = get_logger(__name__)


def main(settings: Settings) -> None:
    """Until SIGTERM or SIGINT."""
    configure_logs(settings)
    serve_metrics(settings)
    stop = threading.Event()
    on_stop_signal(stop.set)
    log.info("relay_started")
    with _kafka(settings, stop):
        Relay(settings.direct_dsn, partitions=settings.events_partitions).run(stop)
    log.info("relay_stopped")


def _kafka(settings: Settings, stop: threading.Event) -> AbstractContextManager[None]:
    if not settings.events_kafka_servers:
        return nullcontext()
    from bodega.apps.kafka import beside

    return beside(settings, stop)


if __name__ == "__main__":
    main(load_settings())

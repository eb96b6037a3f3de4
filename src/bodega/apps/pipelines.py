"""The pipelines process: change feed → bronze → silver → gold → published → models."""

import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from bodega.apps.ages import tell_ages
from bodega.apps.alerting import keep_telling
from bodega.apps.declared import declared
from bodega.apps.lineage import telling
from bodega.apps.metric_alerts import MetricWatch
from bodega.apps.modules import personal, published
from bodega.apps.reading import keep_reading
from bodega.apps.reports import keep_reporting
from bodega.apps.training import keep_training
from bodega.apps.upkeep import tidied
from bodega.backbone.changes.feed import ChangeFeed
from bodega.backbone.priority import give_way
from bodega.backbone.settings import Settings, load_settings
from bodega.backbone.telemetry.logs import configure_logs, get_logger
from bodega.data.ingest.feed import Landings, bronze_feed
from bodega.data.lake.storage import LakeRoot
from bodega.data.lineage.keep import leave_declared
from bodega.data.pipelines.child import Child
from bodega.data.pipelines.loop import Loop
from bodega.data.pipelines.owner import ownership
from bodega.data.pipelines.refresh import complete_position
from bodega.data.quality.followed import FollowedPolicy
from bodega.data.quality.freshness import record_pulse
from bodega.kernel.errors import BodegaError

GRACE_SECONDS = 3.0
PULSE_SECONDS = 5.0
LATE_SECONDS = 60.0
log = get_logger(__name__)


class _WakingLandings(Landings):
    """Rouses the loop as soon as something has landed."""

    def __init__(self, wake: threading.Event) -> None:
        super().__init__()
        self._wake = wake

    def landed(self, position: int, tables: frozenset[str]) -> None:
        super().landed(position, tables)
        if tables:
            self._wake.set()


def run(settings: Settings, stop: threading.Event) -> None:
    """Feed bronze, and refresh gold unless Dagster does, until `stop` is set."""
    wake = threading.Event()
    feed = bronze_feed(settings, published(), _WakingLandings(wake), personal())
    threads = [_thread("change-feed", lambda: feed.run(stop), stop)]
    if settings.orchestrator == "loop":
        threads.append(_thread("refresh-loop", lambda: _refresh(settings, wake, stop), stop))
    lake = LakeRoot.of(settings)
    threads.append(_thread("feed-pulse", lambda: _pulse(feed, lake, stop), stop))
    threads.append(_thread("ages", lambda: _watch_ages(settings, lake, stop), stop))
    threads.append(_thread("sources", lambda: keep_reading(settings, stop), stop))
    threads.append(_thread("training", lambda: keep_training(settings, stop), stop))
    threads.append(_thread("reports", lambda: keep_reporting(settings, stop), stop))
    threads.append(_thread("alerts", lambda: keep_telling(settings, stop), stop))
    if settings.events_kafka_servers and settings.events_kafka_changes != "off":
        from bodega.apps.kafka_changes import keep_sending

        threads.append(_thread("changes-to-kafka", lambda: keep_sending(settings, stop), stop))
    stop.wait()
    wake.set()
    for thread in threads:
        thread.join(timeout=settings.shutdown_seconds)


def _refresh(settings: Settings, wake: threading.Event, stop: threading.Event) -> None:
    lake = LakeRoot.of(settings)
    leave_declared(lake, declared(settings))
    child = Child(lake, memory_mb=settings.lake_memory_mb)
    with ownership(lake.work):
        child.warm()
        threading.Thread(target=_interrupt, args=(child, stop), daemon=True).start()
        try:
            loop = Loop(
                lake,
                child,
                complete=lambda: complete_position(lake) or 0,
                wake=wake,
                tidy=lambda: tidied(settings, trigger="loop"),
                idle=child.rest,
                after=telling(settings),
                share=settings.lake_share,
            )
            loop.run(stop)
        finally:
            child.close()


def _pulse(feed: ChangeFeed, lake: LakeRoot, stop: threading.Event) -> None:
    """How far the feed is, written down now and then, so that a silent feed is seen as late."""
    while not stop.is_set():
        seen = feed.status
        fresh = datetime.fromtimestamp(time.time() - seen.seconds_behind, UTC)
        record_pulse(lake, fresh_as_of=fresh, state=seen.state, error=seen.error)
        stop.wait(PULSE_SECONDS)


def _watch_ages(settings: Settings, lake: LakeRoot, stop: threading.Event) -> None:
    """People hear of tables that are late and metrics out of bounds; a shop that has just started
    has its time first."""
    watch, policy = MetricWatch(settings), FollowedPolicy(lake, settings.quality_file)
    while not stop.wait(LATE_SECONDS):
        try:
            watch.look(datetime.now(UTC))
        except BodegaError as error:
            log.warning("metrics_unwatched", error=error.detail)
        try:
            tell_ages(settings, lake, policy.current)
        except BodegaError as error:
            log.warning("freshness_unknown", error=error.detail)


def _interrupt(child: Child, stop: threading.Event) -> None:
    """A refresh under way is not waited for long: nothing half done is ever published."""
    stop.wait()
    time.sleep(GRACE_SECONDS)
    child.kill()


def _thread(name: str, work: Callable[[], None], stop: threading.Event) -> threading.Thread:
    """A thread whose unforeseen end is the end of the process: the supervisor starts it anew."""

    def body() -> None:
        try:
            work()
        except Exception:
            log.exception("thread_died", thread=name)
        finally:
            stop.set()

    thread = threading.Thread(target=body, name=name)
    thread.start()
    return thread


def _serve_metrics(settings: Settings) -> None:
    if settings.metrics_port:
        from prometheus_client import start_http_server

        start_http_server(settings.metrics_port, addr=settings.host)


def main() -> None:
    settings = load_settings()
    give_way(settings.lake_nice)
    configure_logs(settings)
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    _serve_metrics(settings)
    log.info("pipelines_started", orchestrator=settings.orchestrator)
    run(settings, stop)
    log.info("pipelines_stopped")


if __name__ == "__main__":
    main()

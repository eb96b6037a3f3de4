"""`kill -9` at any moment: no event is lost on its way out or in, and none counts twice."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest

from bodega.apps import kafka
from bodega.backbone.kafka.errors import KafkaMissing
from bodega.backbone.settings import Settings
from bodega.kernel.events import Envelope
from tests.backbone.events.probe import eventually
from tests.backbone.kafka.logs import by_key, log, paid, rows, wire
from tests.kit.kafka import contents, dead_leave, fresh, make_topic, producer_to

OUT = "SELECT coalesce(sum(lag), 1) FROM (SELECT (SELECT count(*) FROM backbone.event_log l "
OUT += 'WHERE l.partition = p.partition AND l."offset" > p."offset") AS lag '
OUT += "FROM backbone.consumer_positions p WHERE consumer = 'kafka.events') l"
IN = "SELECT count(*) FROM backbone.outbox"


@contextmanager
def child(settings: Settings) -> Iterator["subprocess.Popen[bytes]"]:
    given = {
        "BODEGA_DATABASE_URL": settings.dsn,
        "BODEGA_DATA_DIR": str(settings.data_dir),
        "BODEGA_EVENTS_KAFKA_SERVERS": settings.events_kafka_servers,
        "BODEGA_EVENTS_KAFKA_PREFIX": settings.events_kafka_prefix,
        "BODEGA_EVENTS_KAFKA_CONSUME": settings.events_kafka_consume,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.backbone.kafka.child"], env=os.environ | given
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def tell(settings: Settings, topic: str, events: list[Envelope]) -> None:
    async with producer_to(settings.events_kafka_servers) as producer:
        for event in events:
            value = event.model_dump_json().encode()
            await producer.send(topic, key=str(event.key).encode(), value=value)
        await producer.flush()


@pytest.mark.soak
async def test_killed_at_random_it_loses_and_repeats_nothing(wired: Settings) -> None:
    topic = fresh("other.events")
    for name in (topic, wired.events_topic):
        await make_topic(wired.events_kafka_servers, name, 4)
    settings = wired.model_copy(update={"events_kafka_consume": topic})
    keys = [uuid4() for _ in range(50)]
    ours = [paid(keys[n % 50], n) for n in range(20_000)]
    theirs = [paid(keys[n % 50], n) for n in range(20_000)]
    log(settings, ours)
    await tell(settings, topic, theirs)
    for _ in range(15):
        with child(settings) as process:
            await asyncio.sleep(1 + random.random() * 1.5)
            process.send_signal(signal.SIGKILL)
    await dead_leave(wired.events_kafka_servers)
    with child(settings):
        assert await eventually(lambda: rows(settings, OUT) == [(0,)], seconds=120)
        assert await eventually(lambda: rows(settings, IN) == [(len(theirs),)], seconds=120)
    known = wire(settings)
    records = await contents(settings.events_kafka_servers, settings.events_topic)
    assert by_key([await known.decode(r.value) for r in records]) == by_key(ours)
    entered = rows(settings, "SELECT key, event_id FROM backbone.outbox ORDER BY id")
    found: dict[object, list[object]] = {}
    for key, event_id in entered:
        found.setdefault(key, []).append(event_id)
    assert found == by_key(theirs)


async def test_a_relays_thread_sends_and_takes(wired: Settings) -> None:
    topic = fresh("other.events")
    settings = wired.model_copy(update={"events_kafka_consume": topic})
    log(settings, [paid(uuid4())])
    await tell(settings, topic, [paid(uuid4())])
    stop = threading.Event()

    def beside() -> None:
        with kafka.beside(settings, stop):
            stop.wait()

    thread = threading.Thread(target=beside)
    thread.start()
    try:
        assert await eventually(lambda: rows(settings, OUT) == [(0,)])
        assert await eventually(lambda: rows(settings, IN) == [(1,)])
    finally:
        stop.set()
        thread.join(20)
    assert len(await contents(settings.events_kafka_servers, settings.events_topic)) == 1


def test_without_the_extra_the_relay_goes_on_and_says_so(
    wired: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "aiokafka", None)
    with pytest.raises(KafkaMissing, match=r"install bodega\[kafka\]"):
        kafka.client()
    with kafka.beside(wired, threading.Event()):
        pass
    assert "kafka_not_installed" in capsys.readouterr().out

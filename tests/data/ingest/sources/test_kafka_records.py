"""Topics of records are streams like any other: contracts, rejects, offsets as their state."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from bodega.backbone.settings import Settings
from bodega.data.ingest.sources.config import SourcesFile
from bodega.data.ingest.sources.contract import Stream
from bodega.data.ingest.sources.errors import SourceUnknown, SourceUnreachable
from bodega.data.ingest.sources.kafka.records import KafkaRecords
from bodega.data.ingest.sources.registry import build_source
from tests.data.ingest.sources.conftest import Bench
from tests.kit.kafka import Broker, fresh, make_topic, running_broker, send


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with running_broker(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


def clicks(broker: Broker, topic: str, **more: Any) -> tuple[KafkaRecords, Stream]:
    stream = {"topic": topic, "key": ["id"], "fields": {"price": "decimal(9,2)"}} | more
    said = {"kind": "kafka_records", "servers": broker.servers, "streams": {"clicks": stream}}
    file = SourcesFile.model_validate({"sources": {"web": said}})
    source = build_source("web", file, Settings(_env_file=None))
    assert isinstance(source, KafkaRecords)
    return source, file.sources["web"].declared()[0]


def tell(broker: Broker, topic: str, *values: Any) -> None:
    messages = [
        (str(value["id"]).encode(), json.dumps(value).encode())
        if isinstance(value, dict)
        else value
        for value in values
    ]
    asyncio.run(send(broker.servers, topic, messages))


def test_records_are_read_on_from_their_offsets(bench: Bench, broker: Broker) -> None:
    topic = fresh("clicks")
    asyncio.run(make_topic(broker.servers, topic, 3))
    source, stream = clicks(broker, topic)
    tell(broker, topic, *({"id": n, "price": 1.5} for n in range(20)))
    assert bench.read(source, stream).kept == 20
    tell(broker, topic, {"id": 3, "price": "9.25"}, {"id": 3, "price": "9.25"})
    report = bench.read(source, stream)
    assert (report.rows, report.kept, report.unchanged) == (2, 1, 1)
    assert bench.read(source, stream).commits == 0
    rows = {row["id"]: row["price"] for row in bench.rows(stream)}
    assert (len(rows), str(rows[3]), str(rows[4])) == (20, "9.25", "1.50")


def test_what_is_no_record_is_set_aside(bench: Bench, broker: Broker) -> None:
    topic = fresh("clicks")
    source, stream = clicks(broker, topic)
    tell(broker, topic, {"id": 1}, (b"k", b"\xff"), (b"k", b"[1]"), (b"k", None), {"id": 2})
    tell(broker, topic, {"id": 3, "price": "dear"}, (b"k", b"\0\0\0\0\1"))
    report = bench.read(source, stream)
    assert (report.rows, report.kept, report.set_aside) == (7, 2, 5)
    assert any("no registry is configured" in reason for reason in report.rejected)
    (finding,) = source.check()
    assert (finding.ok, "are no records" in finding.says) == (False, True)


def test_a_message_without_a_value_deletes_the_record_of_its_key(
    bench: Bench, broker: Broker
) -> None:
    topic = fresh("carts")
    source, stream = clicks(broker, topic, key=["cart"], key_field="cart", deleted="gone")
    tell(broker, topic, (b"a", b'{"n": 1}'), (b"b", b'{"n": 2}'), (b"a", None))
    bench.read(source, stream)
    assert [(row["cart"], row["n"]) for row in bench.rows(stream)] == [("b", 2)]


def test_check_and_discover_say_what_is_there(broker: Broker) -> None:
    topic = fresh("clicks")
    source, _ = clicks(broker, topic)
    (finding,) = source.check()
    assert (finding.ok, finding.says) == (False, f"There is no topic {topic}")
    asyncio.run(make_topic(broker.servers, topic, 1))
    assert source.check()[0].says == "the topic is empty"
    tell(broker, topic, {"id": 1, "at": "2026-11-21"})
    assert source.check()[0].says == "answers; 1 records on its first page"
    (found,) = source.discover()
    assert [(column.name, column.type) for column in found.columns] == [
        ("price", "decimal(9,2)"),
        ("id", "integer"),
        ("at", "date"),
    ]
    with pytest.raises(SourceUnknown):
        next(source.read("nothing", {}))
    down, _ = clicks(Broker(broker._folder / "down"), topic)
    with pytest.raises(SourceUnreachable, match="Kafka does not answer"):
        next(down.read("clicks", {}))

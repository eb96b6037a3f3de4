"""Topics of row changes land in bronze with their offsets: once, in order, whoever falls over."""

import asyncio
import json
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from bodega.apps import cli
from bodega.backbone.vault.keys import PersonKey
from bodega.backbone.vault.store import Person
from bodega.data.ingest.sources.config import SourcesFile, read_sources
from bodega.data.ingest.sources.envelopes import current_rows, envelopes, rejected_rows
from bodega.data.ingest.sources.errors import SourceRefused, SourcesMalformed, SourceUnreachable
from bodega.data.ingest.sources.kafka.config import KafkaConfig
from bodega.data.ingest.sources.kafka.source import KafkaSource
from bodega.data.ingest.sources.table import SourceTable
from bodega.data.lake.errors import LakeUnavailable
from bodega.data.quality.dead import dead_rows
from bodega.data.quality.redrive import EditRefused, Repair, redrive
from bodega.testing.lake import KeysInMemory
from tests.data.ingest.sources.conftest import Bench
from tests.data.ingest.test_seal import every_text
from tests.kit.kafka import Broker, fresh, make_topic, running_broker, send

EMAIL = "ada.lovelace@example.com"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with running_broker(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


class Crm:
    """A topic of people and the source that reads it."""

    def __init__(self, bench: Bench, broker: Broker) -> None:
        self.topic = fresh("crm.public.people")
        self.bench, self.broker = bench, broker
        self._ts = 0

    def source(self, **more: Any) -> KafkaSource:
        return KafkaSource("crm", KafkaConfig.model_validate(self.said | more), self.bench.root)

    @property
    def said(self) -> dict[str, Any]:
        topics = {"people": self.topic}
        return {"kind": "kafka", "servers": self.broker.servers, "topics": topics}

    def tell(self, *changes: tuple[int | None, str, Any]) -> None:
        """Id, operation and name; an operation of "" is a tombstone."""
        asyncio.run(send(self.broker.servers, self.topic, [self._message(*c) for c in changes]))

    def _message(self, id: int | None, op: str, name: Any) -> tuple[bytes | None, bytes | None]:
        self._ts += 1
        key = json.dumps({"id": id}).encode() if id is not None else None
        row = {"id": id, "name": name}
        value = {
            "op": op,
            "before": row if op == "d" else None,
            "after": row if op in "rcu" else None,
            "source": {"ts_ms": self._ts},
        }
        return key, json.dumps(value).encode() if op else None

    def held(self) -> list[tuple[Any, ...]]:
        return current_rows(self.bench.root, "crm", "people", limit=100)[1]

    def kept(self) -> int:
        return envelopes(self.bench.root, "crm", "people")[1]


@pytest.fixture
def crm(bench: Bench, broker: Broker) -> Crm:
    return Crm(bench, broker)


def test_changes_land_and_are_read_on_from_where_they_ended(crm: Crm) -> None:
    crm.tell((1, "r", "Ada"), (2, "r", "Bob"), (1, "u", "Eve"))
    (report,) = crm.source().catch_up()
    assert (report.stream, report.rows, report.kept, report.commits) == ("people", 3, 3, 1)
    assert crm.held() == [("1", "Eve"), ("2", "Bob")]
    crm.tell((2, "d", "Bob"), (2, "", None), (3, "c", "Cid"))
    (report,) = crm.source().catch_up()
    assert (report.rows, report.kept, report.unchanged) == (3, 2, 1)
    assert crm.held() == [("1", "Eve"), ("3", "Cid")]
    (report,) = crm.source().catch_up()
    assert (report.rows, report.commits, crm.kept()) == (0, 0, 5)
    crm.tell((None, "t", None), (9, "c", "New"), (9, "", None), (8, "c", "Now"))
    crm.source().catch_up()
    assert crm.held() == [("8", "Now")]


def test_what_is_no_change_is_set_aside_and_holds_nothing_up(crm: Crm) -> None:
    crm.tell((1, "c", "Ada"), (1, "m", "odd"), (None, "c", "keyless"), (2, "c", "Bob"))
    asyncio.run(send(crm.broker.servers, crm.topic, [(b"k", b"\xff"), (b"k", b"\0\0\0\0\1")]))
    (report,) = crm.source().catch_up()
    assert (report.rows, report.kept, report.set_aside) == (6, 2, 4)
    assert crm.held() == [("1", "Ada"), ("2", "Bob")]
    names, rows = rejected_rows(crm.bench.root, "crm", "people", limit=10)
    found = [dict(zip(names, row, strict=True)) for row in rows]
    assert [row["_origin"].rsplit("/", 1)[1] for row in found] == ["1", "2", "4", "5"]
    assert "says 'm' in `op`" in found[0]["_rejected"]
    assert json.loads(found[2]["_raw"]) == {"key": "k", "value_base64": "/w=="}


def test_what_was_set_aside_is_driven_again_at_its_own_place(crm: Crm, tmp_path: Path) -> None:
    crm.tell((1, "m", "first"), (1, "u", "later"), (2, "m", "alone"))
    asyncio.run(send(crm.broker.servers, crm.topic, [(b"\xfe", b"\xff")]))
    crm.source().catch_up()
    file = SourcesFile.model_validate({"sources": {"crm": crm.said}})
    rows = {row.origin.rsplit("/", 1)[1]: row for row in dead_rows(crm.bench.root)}
    assert sorted(rows) == ["0", "2", "3"]
    as_it_is = Repair(by="me", why="try", edits={})
    (still,) = redrive(crm.bench.root, file, [rows["3"].id], as_it_is)
    assert (still.outcome, "neither JSON nor Avro" in still.detail) == ("still", True)
    with pytest.raises(EditRefused):
        redrive(crm.bench.root, file, [rows["0"].id], Repair("me", "typo", {"name": "x"}))
    for offset, id in (("0", 1), ("2", 2)):
        value = {"op": "c", "after": {"id": id, "name": "mended"}}
        repair = Repair("me", "typo", {"value": json.dumps(value)})
        for outcome in ("driven", "already"):
            (driven,) = redrive(crm.bench.root, file, [rows[offset].id], repair)
            assert driven.outcome == outcome
    assert crm.held() == [("1", "later"), ("2", "mended")]
    redrive(crm.bench.root, file, [rows["3"].id], Repair("me", "junk", {}, drop=True))
    assert dead_rows(crm.bench.root) == []
    assert crm.source().catch_up()[0].rows == 0


def test_killed_before_the_commit_it_reads_again_and_lands_once(
    crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    crm.tell(*((n, "c", f"n{n}") for n in range(20)))

    def die(*_: Any) -> None:
        raise SystemError("killed")

    for place in ("append", "_rows"):
        with monkeypatch.context() as patched:
            patched.setattr(f"bodega.data.ingest.sources.kafka.table.EnvelopeTable.{place}", die)
            with pytest.raises(SystemError):
                crm.source().catch_up()
    with monkeypatch.context() as patched:
        patched.setattr("bodega.data.ingest.sources.kafka.table.EnvelopeTable.tidy", die)
        with pytest.raises(SystemError):
            crm.source().catch_up()
    assert crm.kept() == 20
    assert crm.source().catch_up()[0].rows == 0
    assert crm.kept() == 20


@pytest.mark.soak
def test_killed_at_random_every_message_lands_once(crm: Crm) -> None:
    asyncio.run(make_topic(crm.broker.servers, crm.topic, 3))
    folder = str(crm.bench.folder / "lake")
    command = [sys.executable, "-m", "tests.data.ingest.sources.kafka_child"]
    for batch in range(15):
        crm.tell(*((n, "u", f"{batch}") for n in range(400)))
        child = subprocess.Popen([*command, folder, crm.broker.servers, crm.topic])
        threading.Event().wait(1.5 + random.random() * 1.5)
        child.kill()
        child.wait()
    crm.source().catch_up()
    assert crm.kept() == 15 * 400
    assert {name for _, name in crm.held()} == {"14"}


def test_of_two_that_read_one_topic_only_one_writes(crm: Crm) -> None:
    crm.tell((1, "c", "Ada"))
    first, second = crm.source(), crm.source()
    first.catch_up()
    crm.tell((2, "c", "Bob"))
    offsets = second._tables[crm.topic].offset(0)
    assert offsets == 1
    first.catch_up()
    with pytest.raises(LakeUnavailable):
        second._tables[crm.topic].append([], {0: 2})
    assert second.catch_up()[0].rows == 0
    assert crm.kept() == 2


def test_many_partitions_keep_their_own_offsets(crm: Crm) -> None:
    asyncio.run(make_topic(crm.broker.servers, crm.topic, 3))
    crm.tell(*((n, "c", "a") for n in range(30)))
    assert crm.source().catch_up()[0].kept == 30
    crm.tell(*((n, "u", "b") for n in range(30)))
    assert crm.source().catch_up()[0].kept == 30
    assert {name for _, name in crm.held()} == {"b"}


def test_it_is_followed_until_told_to_stop(crm: Crm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bodega.data.ingest.sources.kafka.source._FLUSH_SECONDS", 0.1)
    stop = threading.Event()
    thread = threading.Thread(target=crm.source().follow, args=(stop,))
    crm.tell((1, "c", "Ada"))
    thread.start()
    try:
        _until(lambda: crm.held() == [("1", "Ada")])
        crm.tell((1, "u", "Eve"))
        _until(lambda: crm.held() == [("1", "Eve")])
    finally:
        stop.set()
        thread.join(20)


def test_brokers_that_go_away_are_waited_for(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bodega.backbone.kafka.connection._PATIENCE_MS", 300)
    monkeypatch.setattr("bodega.data.ingest.sources.kafka.source.LOOK_SECONDS", 0.1)
    monkeypatch.setattr("bodega.data.ingest.sources.kafka.source._FLUSH_SECONDS", 0.1)
    own = Broker(tmp_path / "kafka")
    crm, stop = Crm(bench, own), threading.Event()
    thread = threading.Thread(target=crm.source().follow, args=(stop,))
    thread.start()
    try:
        own.start()
        crm.tell((1, "c", "Ada"))
        _until(lambda: crm.held() == [("1", "Ada")])
        own.stop()
        threading.Event().wait(0.8)
        own.start()
        crm.tell((1, "u", "Eve"))
        _until(lambda: crm.held() == [("1", "Eve")])
    finally:
        stop.set()
        thread.join(20)
        own.stop()


def _until(check: Callable[[], bool]) -> None:
    waited = threading.Event()
    for _ in range(300):
        if check():
            return
        waited.wait(0.05)
    raise AssertionError


def test_a_topic_that_was_made_anew_is_told(crm: Crm) -> None:
    crm.tell((1, "c", "Ada"))
    crm.source().catch_up()
    crm.source()._tables[crm.topic].append([], {0: 1000})
    (report,) = crm.source().catch_up()
    assert "was made anew" in report.notes[0]
    assert crm.held() == [("1", "Ada")]


def test_check_says_what_is_there(crm: Crm, bench: Bench) -> None:
    crm.tell((1, "c", "Ada"))
    more = crm.source(topics={"people": crm.topic, "gone": "nowhere"})
    assert [(f.what, f.ok, f.says) for f in more.check()] == [
        ("people", True, "1 partitions, 1 messages to read"),
        ("gone", False, "no topic nowhere"),
    ]
    assert [stream.name for stream in more.discover()] == ["people", "gone"]
    assert more.catch_up()[0].kept == 1
    down = crm.source(servers="127.0.0.1:9")
    (finding,) = down.check()
    assert (finding.what, finding.ok) == ("*", False)
    with pytest.raises(SourceUnreachable, match="crm: Kafka does not answer"):
        down.catch_up()
    with pytest.raises(SourceRefused):
        list(down.read("people", {}))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("security: SASL_SSL", "SASL needs `user` and `password`"),
        ("password: hunter2", "secrets are named, not written"),
        ("registry: {url: 'http://r', user: me}", "`user` and `password` come together"),
        ("topics: {a: t, b: t}", "each topic has one table"),
    ],
    ids=["sasl", "secret", "registry", "topics"],
)
def test_a_declaration_that_breaks_a_rule_is_named(line: str, says: str, tmp_path: Path) -> None:
    topics = "" if line.startswith("topics") else "topics: {a: t}"
    lines = ["sources:", "  crm:", "    kind: kafka", "    servers: h:1"]
    file = tmp_path / "sources.yml"
    file.write_text("\n".join([*lines, f"    {line}", f"    {topics}"]))
    with pytest.raises(SourcesMalformed, match=says):
        read_sources(file)


def test_the_command_reads_and_shows_it(
    crm: Crm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BODEGA_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("BODEGA_LAKE_URL", str(crm.bench.folder / "lake"))
    monkeypatch.setenv("BODEGA_SOURCES_FILE", str(tmp_path / "sources.yml"))
    (tmp_path / "sources.yml").write_text(
        f"sources:\n  crm: {{kind: kafka, servers: '{crm.broker.servers}', "
        f"topics: {{people: {crm.topic}}}}}\n"
    )
    crm.tell((1, "c", "Ada"), (2, "x", ""))

    def say(*arguments: str) -> str:
        done = CliRunner().invoke(cli.app, ["sources", *arguments], env={"COLUMNS": "200"})
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.output

    assert "2 messages to read" in say("check")
    assert "2 rows read, 1 kept" in say("read", "crm")
    assert "Ada" in say("show", "crm.people")
    assert "says 'x' in" in say("show", "crm.people", "--rejected")
    (row,) = json.loads(say("list", "--json"))
    assert (row["kind"], row["rows"]) == ("kafka", 2)
    assert SourceTable(crm.bench.root, "crm", "people").position()


PERSONS = {"personal": {"people": {"mail": "email", "columns": ["name"]}}}


def tell_of_ada(crm: Crm) -> None:
    """A row, its change, a message that says nothing, and one whose key is personal."""
    row = {"id": 1, "email": EMAIL, "name": "Ada Byron"}
    later = row | {"name": "Ada Lovelace"}
    messages = [
        ({"id": 1}, {"op": "c", "before": None, "after": row}),
        ({"id": 1}, {"op": "u", "before": row, "after": later}),
        ({"id": 2}, {"op": "?", "after": row}),
        ({"email": EMAIL}, {"op": "c", "before": None, "after": row}),
    ]
    told = [(json.dumps(key).encode(), json.dumps(value).encode()) for key, value in messages]
    asyncio.run(send(crm.broker.servers, crm.topic, told))


def test_persons_of_a_topic_are_sealed_and_gone_with_their_key(crm: Crm) -> None:
    tell_of_ada(crm)
    keys = KeysInMemory()
    source = KafkaSource(
        "crm", KafkaConfig.model_validate(crm.said | PERSONS), crm.bench.root, keys
    )

    (report,) = source.catch_up()

    assert (report.kept, sum(report.rejected.values())) == (2, 2)
    assert "email is part of the key, which cannot be sealed" in report.rejected
    for text in every_text(crm.bench.folder):
        assert EMAIL not in text
        assert "Ada" not in text
    keys.erase(EMAIL)
    tell_of_ada(crm)
    source.catch_up()
    assert sorted(crm.held()[0]) == ["", "", "1"]


def test_messages_of_persons_are_not_read_again_from_what_was_set_aside(crm: Crm) -> None:
    tell_of_ada(crm)
    KafkaSource(
        "crm", KafkaConfig.model_validate(crm.said | PERSONS), crm.bench.root, KeysInMemory()
    ).catch_up()
    crm.bench.file("../sources.yml", json.dumps({"sources": {"crm": crm.said | PERSONS}}))
    file = read_sources(crm.bench.folder / "sources.yml")
    dead = [row.id for row in dead_rows(crm.bench.root)]

    with pytest.raises(EditRefused):
        redrive(crm.bench.root, file, dead, Repair("me", "typo", {"value": EMAIL}))
    redrive(crm.bench.root, file, dead, Repair("me", "sent again", {}, drop=True))
    assert not dead_rows(crm.bench.root)


def test_nothing_is_kept_in_the_clear_while_keys_cannot_be_had(crm: Crm) -> None:
    class Away(KeysInMemory):
        def keys_of(self, persons: Sequence[Person]) -> list[PersonKey | None]:
            raise psycopg.OperationalError("the vault is away")

    tell_of_ada(crm)
    config = KafkaConfig.model_validate(crm.said | PERSONS)

    with pytest.raises(SourceUnreachable, match="No keys"):
        KafkaSource("crm", config, crm.bench.root, Away()).catch_up()
    assert crm.kept() == 0


def test_persons_are_of_tables_that_are_read(crm: Crm) -> None:
    with pytest.raises(ValueError, match="not among `topics`"):
        crm.source(personal={"orders": {"mail": "email"}})

"""`bodega events quarantine|readmit|discard`, and topics in `bodega events lag`."""

import asyncio
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from bodega.apps import cli
from bodega.backbone.db import Database
from bodega.backbone.kafka.intake import Intake
from bodega.backbone.kafka.wire import as_text
from bodega.backbone.settings import Settings
from bodega.kernel.events import Event
from bodega.ops.events.catalogue import event_kinds
from tests.backbone.kafka.logs import paid, rows, wire

Say = Callable[..., tuple[int, str]]


@pytest.fixture
def say(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Runs `bodega …` in this process against the test's database."""
    monkeypatch.setenv("BODEGA_DATABASE_URL", settings.dsn)
    monkeypatch.setenv("BODEGA_DATA_DIR", str(settings.data_dir))

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli.app, ["events", *arguments], env={"COLUMNS": "200"})
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.output

    return run


def arrive(settings: Settings, *values: Any, kinds: dict[str, type[Event]]) -> None:
    """Messages of a topic, of which 5 more are still to come."""
    records = [
        SimpleNamespace(topic="other.events", partition=0, offset=at, key=b"k", value=value)
        for at, value in enumerate(values)
    ]

    async def take() -> None:
        database = Database(settings)
        intake = Intake(
            database,
            None,
            wire(settings),
            topics=[],
            group="",
            kinds=kinds,  # type: ignore[arg-type]
        )
        await intake.take(records, ends=len(records) + 5)
        await database.close()

    asyncio.run(take())


def test_lag_and_quarantine_of_a_topic_are_shown(say: Say, settings: Settings) -> None:
    assert say("quarantine") == (0, "Nothing is set aside.\n")
    arrive(settings, b"\xffno", kinds=event_kinds())
    found = {row["consumer"]: row for row in json.loads(say("lag", "--json")[1])}
    assert found["kafka:other.events"]["lag"] == 5
    assert found["kafka:other.events"]["dead"] == 1
    (row,) = json.loads(say("quarantine", "--json")[1])
    assert (row["place"], row["value"]) == ("other.events/0/0", "\\xffno")
    assert "neither JSON nor Avro" in say("quarantine")[1]


def test_messages_are_readmitted_or_discarded(say: Say, settings: Settings) -> None:
    event = paid(uuid4())
    arrive(settings, as_text(event.model_dump(mode="json")), b"{}", kinds={})
    code, text = say("readmit", "--all")
    assert (code, "event_id: Field required" in text) == (1, True)
    assert rows(settings, "SELECT event_id FROM backbone.outbox") == [(event.event_id,)]
    (row,) = json.loads(say("quarantine", "--json")[1])
    assert say("readmit", row["id"])[0] == 1
    assert say("discard", row["id"]) == (0, "Discarded.\n")
    assert say("discard", row["id"])[0] == 1
    assert "Nothing is set aside as" in say("readmit", row["id"])[1]
    assert say("readmit")[0] == 2

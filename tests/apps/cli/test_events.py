"""`bodega events` and `bodega db` against a real log."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from typer.testing import CliRunner

from bodega.apps import cli
from bodega.backbone.db import Database
from bodega.backbone.events.consumers import Policy
from bodega.backbone.settings import Settings
from tests.backbone.events.probe import (
    consumers,
    effect,
    eventually,
    logged,
    note,
    prepare,
    relaying,
    seen,
    topics,
)

Say = Callable[..., tuple[int, str]]
IMPATIENT = Policy(retries=1, backoff_seconds=0.01)


@pytest.fixture
def probed(settings: Settings) -> Iterator[Settings]:
    prepare(settings)
    yield settings
    prepare(settings)


@pytest.fixture
def say(probed: Settings, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Runs `bodega …` in this process against the test's database."""
    monkeypatch.setenv("BODEGA_DATABASE_URL", probed.dsn)
    monkeypatch.setenv("BODEGA_DATA_DIR", str(probed.data_dir))

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli.app, list(arguments), env={"COLUMNS": "200"})
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.output

    return run


async def stuck(settings: Settings) -> UUID:
    """Three logged events of one topic, the first of which the consumer cannot take."""
    database = Database(settings)
    (topic,) = await topics(database, 1)
    with relaying(settings):
        for _ in range(3):
            await note(database, topic)
        assert await eventually(lambda: logged(settings) == 3)
    await handle(settings, broken=True)
    await database.close()
    return topic


async def handle(settings: Settings, *, broken: bool) -> None:
    database = Database(settings)
    reader = consumers(
        database, effect("probe.a", fails=lambda event: broken and event.n == 1), policy=IMPATIENT
    )
    await reader.drain()
    await asyncio.sleep(0.1)
    await reader.drain()
    await database.close()


def test_tail_shows_the_newest_events_oldest_first(say: Say, probed: Settings) -> None:
    topic = asyncio.run(stuck(probed))
    code, said = say("events", "tail", "-n", "2", "--json")
    shown = [json.loads(line) for line in said.splitlines()]
    assert code == 0
    assert [(row["offset"], row["payload"]["n"], row["key"]) for row in shown] == [
        (2, 2, str(topic)),
        (3, 3, str(topic)),
    ]
    assert say("events", "tail", "--type", "probe.overheard") == (0, "")
    assert re.search(r"3 .* probe\.noted +" + str(topic), say("events", "tail")[1])


def test_what_is_stuck_is_listed_and_replayed_in_order(say: Say, probed: Settings) -> None:
    topic = asyncio.run(stuck(probed))
    rows = json.loads(say("events", "dead", "--json")[1])
    assert [row["state"] for row in rows] == ["dead", "waiting", "waiting"]
    assert rows[0]["error"] == "RuntimeError: cannot take 1"
    assert json.loads(say("events", "lag", "--json")[1]) == [
        {"consumer": "probe.a", "lag": 0, "parked": 3, "dead": 1}
    ]
    assert "cannot take 1" in say("events", "dead")[1]
    assert say("events", "replay")[0] == 2
    assert say("events", "replay", "--key", str(topic))[1].startswith("1 to be tried again")
    asyncio.run(handle(probed, broken=False))
    assert seen(probed, "probe.a") == {topic: [1, 2, 3]}
    assert say("events", "dead") == (0, "Nothing is stuck.\n")


def test_a_dropped_event_lets_the_next_go(say: Say, probed: Settings) -> None:
    topic = asyncio.run(stuck(probed))
    event_id = json.loads(say("events", "dead", "--json")[1])[0]["event_id"]
    assert say("events", "drop", "probe.a", event_id) == (0, "Dropped.\n")
    code, said = say("events", "drop", "probe.a", event_id)
    assert code == 1
    assert "has no stuck event" in said
    asyncio.run(handle(probed, broken=True))
    assert seen(probed, "probe.a") == {topic: [2, 3]}


def test_the_schema_is_up_to_date(say: Say) -> None:
    code, said = say("db", "status", "--json")
    assert code == 0
    assert set(json.loads(said).values()) == {"up to date"}
    assert say("db", "upgrade") == (0, "All is up to date.\n")
    assert say("db", "revision", "nobody", "nothing")[0] == 2

"""A consumer handles every event once in effect, in order per key, and parks what it cannot."""

import asyncio
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from prometheus_client import REGISTRY

from bodega.backbone.db import Database, UnitOfWork
from bodega.backbone.events import parked
from bodega.backbone.events.handling import Consumer, Policy
from bodega.backbone.events.log import ConsumerLag, consumer_lag
from bodega.backbone.events.stuck import StuckEvents, StuckUnknown
from bodega.backbone.settings import Settings
from bodega.backbone.telemetry.context import current_correlation_id
from bodega.kernel.events import Envelope
from bodega.kernel.page import PageRequest
from tests.backbone.events.probe import (
    FAST,
    Noted,
    Overheard,
    consumers,
    effect,
    eventually,
    in_parallel,
    logged,
    made,
    note,
    relaying,
    rows,
    seen,
    topics,
)


async def lag(database: Database) -> list[ConsumerLag]:
    async with database.reading() as connection:
        return await consumer_lag(connection)


def commits() -> float:
    return REGISTRY.get_sample_value("bodega_database_commits_total") or 0


async def log_notes(database: Database, settings: Settings, count: int, keys: list[Any]) -> None:
    """`count` events, spread over the keys, in the log."""
    with relaying(settings):
        await in_parallel(count, lambda n: note(database, keys[n % len(keys)]))
        assert await eventually(lambda: logged(settings) == count)


async def test_every_event_once_in_order_per_key(database: Database, probed: Settings) -> None:
    keys = await topics(database, 7)
    await log_notes(database, probed, 280, keys)
    await consumers(database, effect("probe.a"), effect("probe.b")).drain()
    assert seen(probed, "probe.a") == seen(probed, "probe.b") == made(probed)
    assert await lag(database) == [ConsumerLag(f"probe.{name}", 0, 0, 0) for name in "ab"]


async def test_a_new_consumer_starts_at_the_beginning_of_the_log(
    database: Database, probed: Settings
) -> None:
    keys = await topics(database, 2)
    await log_notes(database, probed, 10, keys)
    await consumers(database, effect("probe.old")).drain()
    await consumers(database, effect("probe.old"), effect("probe.new")).drain()
    assert seen(probed, "probe.new") == seen(probed, "probe.old") == made(probed)


async def test_events_of_other_types_are_passed_over(database: Database, probed: Settings) -> None:
    (key,) = await topics(database, 1)
    with relaying(probed):
        await note(database, key, kind=Overheard)
        assert await eventually(lambda: logged(probed) == 1)
    await consumers(database, effect("probe.a")).drain()
    assert not seen(probed, "probe.a")
    assert await lag(database) == [ConsumerLag("probe.a", 0, 0, 0)]


async def test_who_stands_far_behind_the_end_of_the_log_finds_its_events(
    database: Database, probed: Settings
) -> None:
    keys = await topics(database, 1)
    await log_notes(database, probed, 1, keys)
    with psycopg.connect(probed.dsn) as connection:
        connection.execute(
            """INSERT INTO backbone.event_log SELECT (jsonb_populate_record(l, jsonb_build_object(
                   'offset', l."offset" + n, 'event_id', gen_random_uuid(), 'type', 'probe.other'
               ))).* FROM backbone.event_log l, generate_series(1, 1500) n"""
        )
    await consumers(database, effect("probe.a")).drain()
    assert seen(probed, "probe.a") == made(probed)
    assert await lag(database) == [ConsumerLag("probe.a", 0, 0, 0)]


async def test_a_failing_event_parks_its_key_only_and_replay_heals(
    database: Database, probed: Settings
) -> None:
    good, bad = await topics(database, 2)
    broken = True

    def fails(event: Noted) -> bool:
        return broken and event.topic == bad and event.n == 2

    await log_notes(database, probed, 10, [good, bad])
    reader = consumers(database, effect("probe.a", fails=fails))
    for _ in range(12):
        await reader.drain()
        await asyncio.sleep(0.1)
    assert seen(probed, "probe.a") == {good: [1, 2, 3, 4, 5], bad: [1]}
    assert await lag(database) == [ConsumerLag("probe.a", 0, 4, 1)]

    async with database.reading() as connection:
        found = await parked.list_parked(connection, consumer="probe.a")
    assert [(row.state, row.event.envelope.payload["n"]) for row in found] == [
        ("dead", 2),
        ("waiting", 3),
        ("waiting", 4),
        ("waiting", 5),
    ]
    assert found[0].error == "RuntimeError: cannot take 2"
    assert found[0].attempts == FAST.retries

    broken = False
    await reader.drain()
    assert seen(probed, "probe.a")[bad] == [1]
    stuck = StuckEvents(database)
    (head,) = (await stuck.latest(PageRequest())).items
    assert (head.parked, head.behind) == (found[0], 3)
    assert await stuck.replay(actor="staff:ada", why="mended", consumer="probe.a", key=bad) == 1
    (told,) = await stuck.decisions(limit=9, consumer="probe.a", key=bad)
    assert (told.action, told.actor, told.why) == ("replay", "staff:ada", "mended")
    assert (told.attempts, told.error) == (FAST.retries, "RuntimeError: cannot take 2")
    await reader.drain()
    assert seen(probed, "probe.a") == made(probed)
    assert await lag(database) == [ConsumerLag("probe.a", 0, 0, 0)]


async def test_dropping_the_dead_event_lets_the_next_of_its_key_go(
    database: Database, probed: Settings
) -> None:
    (key,) = await topics(database, 1)
    await log_notes(database, probed, 3, [key])
    once = Policy(retries=1, backoff_seconds=0.01)
    reader = consumers(database, effect("probe.a", fails=lambda event: event.n == 1), policy=once)
    await reader.drain()
    await asyncio.sleep(0.1)
    await reader.drain()
    stuck = StuckEvents(database)
    (head,) = (await stuck.latest(PageRequest(), state="dead")).items
    given_up: dict[str, Any] = {"actor": "staff:ada", "why": "no such key"}
    given_up |= {"consumer": "probe.a", "event_id": head.parked.event.envelope.event_id}
    await stuck.drop(**given_up)
    with pytest.raises(StuckUnknown):
        await stuck.drop(**given_up)
    assert [one.action for one in await stuck.decisions(limit=9)] == ["drop"]
    await reader.drain()
    assert seen(probed, "probe.a") == {key: [2, 3]}


async def test_a_failure_that_passes_is_retried_by_itself(
    database: Database, probed: Settings
) -> None:
    (key,) = await topics(database, 1)
    tries = 0

    def fails(event: Noted) -> bool:
        nonlocal tries
        tries += event.n == 1
        return event.n == 1 and tries < 3

    await log_notes(database, probed, 3, [key])
    reader, stop = consumers(database, effect("probe.a", fails=fails)), asyncio.Event()
    running = asyncio.create_task(reader.run(stop))
    assert await eventually(lambda: seen(probed, "probe.a") == made(probed))
    stop.set()
    await running
    assert tries == 3
    assert rows(probed, "SELECT 1 FROM backbone.parked_events") == []


async def test_a_handler_that_hangs_is_ended_and_others_go_on(
    database: Database, probed: Settings
) -> None:
    hung, free = await topics(database, 2)

    async def react(uow: UnitOfWork, envelope: Envelope, event: Any) -> None:
        await effect("probe.a").react(uow, envelope, event)
        if event.topic == hung:
            await asyncio.sleep(60)

    await log_notes(database, probed, 2, [hung, free])
    impatient = Policy(handler_seconds=0.2, backoff_seconds=30)
    reader = consumers(database, Consumer("probe.a", {Noted.type: Noted}, react), policy=impatient)
    async with asyncio.timeout(10):
        await reader.drain()
    assert seen(probed, "probe.a") == {free: [1]}
    assert rows(probed, "SELECT state, key FROM backbone.parked_events") == [("retrying", hung)]


async def test_a_payload_that_does_not_fit_is_parked(database: Database, probed: Settings) -> None:
    (key,) = await topics(database, 1)
    await log_notes(database, probed, 1, [key])
    rows(probed, 'UPDATE backbone.event_log SET payload = \'{"n": "x"}\' RETURNING 1')
    await consumers(database, effect("probe.a")).drain()
    ((error,),) = rows(probed, "SELECT error FROM backbone.parked_events")
    assert "ValidationError" in error


async def test_what_a_handler_emits_carries_correlation_and_cause(
    database: Database, probed: Settings
) -> None:
    (key,) = await topics(database, 1)
    async with database.work(correlation_id="request-12345678") as uow:
        uow.emit(Noted(topic=key, n=1))
    heard: list[str] = []

    async def react(uow: UnitOfWork, envelope: Envelope, event: Any) -> None:
        heard.append(current_correlation_id())
        uow.emit(Overheard(topic=key, n=event.n))

    with relaying(probed):
        assert await eventually(lambda: logged(probed) == 1)
        await consumers(database, Consumer("probe.a", {Noted.type: Noted}, react)).drain()
        assert await eventually(lambda: logged(probed) == 2)
    cause, result = rows(
        probed,
        'SELECT event_id, causation_id, correlation_id FROM backbone.event_log ORDER BY "offset"',
    )
    assert heard == ["request-12345678"]
    assert result[1:] == (cause[0], "request-12345678")


async def test_what_a_failing_handler_emitted_is_undone(
    database: Database, probed: Settings
) -> None:
    (key,) = await topics(database, 1)
    await log_notes(database, probed, 1, [key])

    async def react(uow: UnitOfWork, envelope: Envelope, event: Any) -> None:
        uow.emit(Overheard(topic=key, n=1))
        await uow.flush()
        raise RuntimeError

    await consumers(database, Consumer("probe.a", {Noted.type: Noted}, react)).drain()
    assert rows(probed, "SELECT 1 FROM backbone.outbox") == []


async def test_the_number_of_partitions_is_that_of_the_first_start(
    database: Database, probed: Settings
) -> None:
    first = consumers(database, effect("probe.a"))
    assert await first.create_positions() == probed.events_partitions
    later = consumers(database, effect("probe.b"))
    later.partitions = 3
    assert await later.create_positions() == probed.events_partitions
    count = "SELECT consumer, count(*) FROM backbone.consumer_positions GROUP BY 1 ORDER BY 1"
    assert rows(probed, count) == [("probe.a", 8), ("probe.b", 8)]


async def test_a_sale_wakes_its_consumers_within_moments(
    database: Database, probed: Settings
) -> None:
    (key,) = await topics(database, 1)
    patient = Policy(poll_seconds=30)
    reader, stop = consumers(database, effect("probe.a"), policy=patient), asyncio.Event()
    running = asyncio.create_task(reader.run(stop))
    with relaying(probed):
        await note(database, key)
        assert await eventually(lambda: logged(probed) == 1)
        await asyncio.sleep(2)
        await note(database, key)
        assert await eventually(lambda: seen(probed, "probe.a") == made(probed), seconds=5)
    stop.set()
    async with asyncio.timeout(5):
        await running


async def test_a_batch_of_events_is_one_transaction_and_no_savepoint(
    database: Database, probed: Settings
) -> None:
    keys = await topics(database, 9)
    await log_notes(database, probed, 60, keys)
    group = consumers(database, effect("probe.a"), policy=replace(FAST, batch=1000))
    await group.create_positions()
    before = commits()
    await group.drain()
    assert seen(probed, "probe.a") == made(probed)
    # Creating positions and passing over what is unwanted are a transaction each.
    assert commits() - before == 3
    # A savepoint is a transaction of its own to the rows it writes.
    assert rows(probed, "SELECT count(DISTINCT xmin::text) FROM probe.effects") == [(1,)]


async def test_one_failure_spoils_nothing_for_the_rest_of_its_batch(
    database: Database, probed: Settings
) -> None:
    keys = await topics(database, 6)
    await log_notes(database, probed, 30, keys)
    bad = effect("probe.a", fails=lambda event: event.topic == keys[2] and event.n == 3)
    await consumers(database, bad).drain()
    expected = made(probed)
    assert seen(probed, "probe.a") == {**expected, keys[2]: [1, 2]}

"""A unit of work commits all or nothing; a command's work is done once, by whoever asks."""

import asyncio
from contextlib import suppress
from uuid import uuid4

import psycopg
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from bodega.backbone.db import Database, RolledBack, UnitOfWork
from bodega.backbone.settings import Settings
from bodega.contracts.catalog import ProductChanged
from bodega.kernel.ids import ProductId

COUNT = text("SELECT count(*) FROM backbone.commands")
CLAIM = text("INSERT INTO backbone.commands (command_id, name) VALUES (:id, :name)")
OUTBOX = text("SELECT type, correlation_id, actor, causation_id FROM backbone.outbox ORDER BY id")


def calls() -> float:
    """Round trips of this process so far."""
    return REGISTRY.get_sample_value("bodega_database_calls_total") or 0


async def test_the_same_command_at_the_same_time_works_once(database: Database) -> None:
    command, worked = uuid4(), 0

    async def work() -> list[int]:
        nonlocal worked
        worked += 1
        await asyncio.sleep(0.05)
        return [1, 2, 3]

    async def ask() -> list[int]:
        async with database.work() as uow:
            return await uow.once(command, "test.ask", list[int], work)

    answers = await asyncio.gather(*(ask() for _ in range(6)))
    assert answers == [[1, 2, 3]] * 6
    assert worked == 1


async def test_a_command_that_failed_may_be_tried_again(database: Database) -> None:
    command, worked = uuid4(), 0

    async def work() -> int:
        nonlocal worked
        worked += 1
        if worked == 1:
            raise ZeroDivisionError
        return worked

    async def ask() -> int:
        async with database.work() as uow:
            return await uow.once(command, "test.ask", int, work)

    with pytest.raises(ZeroDivisionError):
        await ask()
    assert await ask() == 2
    assert await ask() == 2


async def test_an_id_belongs_to_one_command(database: Database) -> None:
    command = uuid4()

    async def nothing() -> None:
        return None

    async def ask(name: str) -> None:
        async with database.work() as uow:
            await uow.once(command, name, None, nothing)

    await ask("test.one")
    with pytest.raises(ValueError, match=r"was test\.one, not test\.other"):
        await ask("test.other")


async def test_rows_and_events_go_together(database: Database) -> None:
    done: list[str] = []

    async def work(fail: bool) -> None:
        async with database.work(actor="staff:1", correlation_id="request-1") as uow:
            uow.emit(ProductChanged(product_id=ProductId(uuid4())))
            uow.after_commit(lambda: done.append("told"))
            if fail:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await work(fail=True)
    assert done == []
    await work(fail=False)
    assert done == ["told"]
    async with database.reading() as connection:
        rows = [tuple(row) for row in await connection.execute(OUTBOX)]
    assert rows == [("catalog.product_changed", "request-1", "staff:1", None)]


async def test_reads_never_wait_for_a_full_pool_of_writers(database: Database) -> None:
    """Every writer asks another module's query while it holds its own connection."""
    size = database.settings.database_pool
    everybody = asyncio.Barrier(size)

    async def write() -> int:
        async with database.work() as uow:
            await held(uow)
            await everybody.wait()
            async with database.reading() as connection:
                return int((await connection.execute(COUNT)).scalar_one())

    async with asyncio.timeout(10):
        assert await asyncio.gather(*(write() for _ in range(size))) == [0] * size


async def held(uow: UnitOfWork) -> None:
    await uow.connection.execute(text("SELECT 1"))


async def test_a_check_that_fails_at_commit_is_an_error_and_leaves_nothing(
    database: Database,
) -> None:
    async with database.work() as uow:
        await uow.connection.execute(
            text(
                "CREATE TABLE backbone.later (id int PRIMARY KEY,"
                " of int REFERENCES backbone.later DEFERRABLE INITIALLY DEFERRED)"
            )
        )

    async def insert() -> None:
        async with database.work() as uow:
            await uow.connection.execute(text("INSERT INTO backbone.later VALUES (1, 2)"))
            uow.emit(ProductChanged(product_id=ProductId(uuid4())))

    try:
        with pytest.raises(IntegrityError):
            await insert()
        async with database.reading() as connection:
            assert (await connection.execute(text("SELECT * FROM backbone.later"))).all() == []
            assert (await connection.execute(OUTBOX)).all() == []
    finally:
        async with database.work() as uow:
            await uow.connection.execute(text("DROP TABLE backbone.later"))


async def test_a_failure_passed_over_in_silence_is_no_commit(database: Database) -> None:
    told: list[str] = []

    async def work() -> None:
        async with database.work() as uow:
            uow.after_commit(lambda: told.append("durable"))
            with suppress(DBAPIError):
                await uow.connection.execute(text("SELECT 1 / 0"))

    with pytest.raises(RolledBack):
        await work()
    assert told == []


async def test_a_connection_the_server_closed_is_not_handed_out(
    database: Database, settings: Settings
) -> None:
    async with database.reading() as connection:
        await connection.execute(text("SELECT 1"))
    async with database.work() as uow:
        await uow.connection.execute(text("SELECT 1"))
    with psycopg.connect(settings.dsn, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name LIKE 'bodega-%'"
        )
    async with database.reading() as connection, database.work() as uow:
        for alive in (connection, uow.connection):
            assert (await alive.execute(text("SELECT 1"))).scalar_one() == 1


async def test_the_same_command_twice_in_one_unit_of_work(database: Database) -> None:
    command = uuid4()

    async def answer() -> int:
        return 7

    async with database.work() as uow:
        first = await uow.once(command, "test.ask", int, answer)
        assert await uow.once(command, "test.ask", int, answer) == first == 7


async def test_a_write_whose_answer_nobody_needs_travels_with_the_next_statement(
    database: Database,
) -> None:
    async with database.work() as uow:
        asked = calls()
        uow.connection.later(CLAIM, {"id": uuid4(), "name": "test.first"})
        uow.connection.later(CLAIM, {"id": uuid4(), "name": "test.second"})
        assert (await uow.connection.execute(COUNT)).scalar_one() == 2
        assert calls() - asked == 1
        uow.connection.later(CLAIM, {"id": uuid4(), "name": "test.third"})
    async with database.reading() as connection:
        assert (await connection.execute(COUNT)).scalar_one() == 3


async def test_rows_from_a_cursor_see_what_was_written_before(database: Database) -> None:
    async with database.work() as uow:
        uow.connection.later(CLAIM, {"id": uuid4(), "name": "test.streamed"})
        async with uow.connection.stream(COUNT) as rows:
            assert [row async for row in rows] == [(1,)]


async def test_its_failure_is_that_of_the_unit_of_work(database: Database) -> None:
    command, told = {"id": uuid4(), "name": "test.twice"}, list[str]()

    async def twice() -> None:
        async with database.work() as uow:
            uow.after_commit(lambda: told.append("durable"))
            uow.connection.later(CLAIM, command)
            uow.connection.later(CLAIM, command)

    with pytest.raises(IntegrityError):
        await twice()
    async with database.reading() as connection:
        assert (await connection.execute(COUNT)).scalar_one() == 0
    assert told == []


async def test_what_waits_is_forgotten_when_the_block_fails(database: Database) -> None:
    for _ in range(2 * database.settings.database_pool):
        with suppress(ZeroDivisionError):
            async with database.work() as uow:
                uow.connection.later(CLAIM, {"id": uuid4(), "name": "test.never"})
                raise ZeroDivisionError
    async with database.work() as uow:
        assert (await uow.connection.execute(COUNT)).scalar_one() == 0


async def test_a_connection_is_clean_when_it_comes_back(database: Database) -> None:
    """After a failed statement, a cancelled one, and one left open."""
    with suppress(DBAPIError):
        async with database.work() as uow:
            await uow.connection.execute(text("SELECT 1 / 0"))
    with suppress(TimeoutError):
        async with asyncio.timeout(0.05), database.work() as uow:
            await uow.connection.execute(text("SELECT pg_sleep(5)"))
    async with database.reading() as connection:
        await connection.execute(text("BEGIN"))
    for _ in range(database.settings.database_pool + 1):
        async with database.work() as uow, database.reading() as connection:
            assert (await uow.connection.execute(text("SELECT 1"))).scalar_one() == 1
            assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1


async def test_work_at_once_goes_with_its_claim_and_has_its_effect_once(
    database: Database,
) -> None:
    """The same again, at the same time and later, fails on its own first statement; the record is
    what it is answered."""
    command, effect = uuid4(), {"id": uuid4(), "name": "test.effect"}

    async def ask() -> list[int]:
        async with database.work() as uow:

            async def work() -> list[int]:
                await uow.connection.execute(CLAIM, effect)
                uow.emit(ProductChanged(product_id=ProductId(uuid4())))
                return [1, 2]

            return await uow.once(command, "test.at_once", list[int], work, at_once=True)

    asked = calls()
    assert await ask() == [1, 2]
    assert calls() - asked == 2
    assert await asyncio.gather(*(ask() for _ in range(3))) == [[1, 2]] * 3
    async with database.reading() as connection:
        assert (await connection.execute(COUNT)).scalar_one() == 2
        assert len((await connection.execute(OUTBOX)).all()) == 1


async def test_a_statement_ahead_is_answered_with_the_next_one(database: Database) -> None:
    async with database.work() as uow:
        asked = calls()
        first = uow.connection.ahead(text("SELECT 1 AS one"), {})
        assert not first.settled
        assert (await uow.connection.execute(text("SELECT 2"))).scalar_one() == 2
        assert first.answer.one().one == 1
        assert calls() - asked == 1


async def test_the_last_statement_travels_with_the_commit(database: Database) -> None:
    asked, told = calls(), list[str]()
    async with database.work() as uow:
        uow.after_commit(lambda: told.append("durable"))
        uow.emit(ProductChanged(product_id=ProductId(uuid4())))
        claimed = await uow.finish(CLAIM, {"id": uuid4(), "name": "test.last"})
    assert (claimed.rowcount, calls() - asked, told) == (1, 1, ["durable"])
    async with database.reading() as connection:
        assert (await connection.execute(COUNT)).scalar_one() == 1
        assert len((await connection.execute(OUTBOX)).all()) == 1

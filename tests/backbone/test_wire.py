"""Statements that go to the server together come back in order, prepared or not."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bodega.backbone.db import Database, wire

PREPARED = text("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'bodega_%'")
DOUBLED = text("SELECT CAST(:number AS int) * 2 AS doubled")
TOO_MANY = 5


@pytest.fixture
async def fresh(database: Database) -> AsyncIterator[Database]:
    """With connections of its own, on which nothing was prepared before."""
    opened = Database(database.settings)
    yield opened
    await opened.close()


async def test_what_comes_often_is_prepared_once(fresh: Database) -> None:
    async with fresh.reading() as connection:
        for number in range(8):
            answer = await connection.execute(DOUBLED, {"number": number})
            assert answer.scalar_one() == 2 * number
        assert (await connection.execute(PREPARED)).scalar_one() == 1


async def test_the_oldest_prepared_statement_makes_room(
    fresh: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "_MOST_PREPARED", TOO_MANY)
    statements = [text(f"SELECT {number}") for number in range(TOO_MANY + 3)]
    async with fresh.reading() as connection:
        for number, statement in enumerate(statements):
            for _ in range(5):
                assert (await connection.execute(statement)).scalar_one() == number
        assert (await connection.execute(statements[0])).scalar_one() == 0
        assert (await connection.execute(PREPARED)).scalar_one() == TOO_MANY


async def test_statements_the_server_forgot_fail_once(database: Database) -> None:
    """As behind a pooler that hands the connection on."""
    async with database.reading() as connection:
        for _ in range(5):
            await connection.execute(DOUBLED, {"number": 1})
        await connection.raw.execute("DEALLOCATE ALL")
        with pytest.raises(DBAPIError, match="does not exist"):
            await connection.execute(DOUBLED, {"number": 1})
        assert (await connection.execute(DOUBLED, {"number": 2})).scalar_one() == 4


async def test_the_first_failure_of_several_is_told(database: Database) -> None:
    async with database.work() as uow:
        uow.connection.later(text("SELECT 1 / CAST(:zero AS int)"), {"zero": 0})
        with pytest.raises(DBAPIError, match="division by zero"):
            await uow.connection.execute(DOUBLED, {"number": 1})
        await uow.connection.undo()
        assert (await uow.connection.execute(DOUBLED, {"number": 1})).scalar_one() == 2


async def test_more_than_the_buffers_hold_goes_both_ways(database: Database) -> None:
    """Client and server would wait for each other if only one of them read."""
    long, echo = "x" * 100_000, text("SELECT CAST(:long AS text)")
    async with asyncio.timeout(20), database.work() as uow:
        for _ in range(100):
            uow.connection.later(echo, {"long": long})
        assert len((await uow.connection.execute(echo, {"long": long})).scalar_one()) == len(long)


async def test_many_rows_are_counted_together(database: Database) -> None:
    claim = text("INSERT INTO backbone.commands (command_id, name) VALUES (:id, 'test.many')")
    rows = [{"id": f"00000000-0000-0000-0000-{number:012}"} for number in range(1201)]
    async with database.work() as uow:
        assert (await uow.connection.execute(claim, rows)).rowcount == len(rows)

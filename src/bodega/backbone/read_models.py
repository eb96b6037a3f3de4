"""Read models: tables that one handler keeps from the event log, and can be made anew from it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from bodega.backbone.db import Database
from bodega.kernel.errors import NotFound

_LOCK = text(
    """SELECT partition FROM backbone.consumer_positions WHERE consumer = :consumer
       ORDER BY partition FOR UPDATE"""
)
_UNPARK = text("DELETE FROM backbone.parked_events WHERE consumer = :consumer")
_BACK = text(
    """UPDATE backbone.consumer_positions SET "offset" = 0, updated_at = now()
       WHERE consumer = :consumer"""
)


class ReadModelUnknown(NotFound):
    code = "read_model_not_found"
    title = "There is no such read model: see `bodega readmodels list`"


@dataclass(frozen=True, slots=True)
class ReadModel:
    """`consumer` is the name of the handler that alone writes `tables` ("schema.table"; those that
    point at others first)."""

    name: str
    consumer: str
    tables: Sequence[str]


async def forget(database: Database, model: ReadModel) -> None:
    """Empty its tables and send its handler back to the beginning of the log, in one transaction:
    whoever reads the log next makes it anew."""
    consumer = {"consumer": model.consumer}
    async with database.work(actor="operator") as uow:
        await uow.connection.execute(_LOCK, consumer)
        await uow.connection.execute(_UNPARK, consumer)
        for table in model.tables:
            await uow.connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - our own names
        await uow.connection.execute(_BACK, consumer)


async def rows(database: Database, model: ReadModel) -> int:
    """In all its tables together."""
    async with database.reading() as connection:
        counts: list[int] = [
            (await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()  # noqa: S608
            for table in model.tables
        ]
    return sum(counts)

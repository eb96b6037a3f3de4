"""Stuck events for those who look after them: what holds a key up, try it again, give it up.

A stuck event is the first parked one of its key; others of the key wait behind it. Whoever decides
about one is written down with the reason, in the transaction that does it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, text

from bodega.backbone.db import Database, UnitOfWork
from bodega.backbone.events.parked import PARKED_ROW, ParkedEvent, parked
from bodega.kernel.errors import Invalid, NotFound
from bodega.kernel.page import NOT_OURS, Page, PageRequest, encode_cursor

ParkedState = Literal["retrying", "dead", "waiting"]

_HEADS = f"""
    SELECT h.*, (SELECT count(*) - 1 FROM backbone.parked_events b
                 WHERE b.consumer = h.consumer AND b.key = h.key) AS behind
    FROM (SELECT DISTINCT ON (p.consumer, p.key) p.* FROM ({PARKED_ROW}) p
          WHERE CAST(:consumer AS text) IS NULL OR p.consumer = :consumer
          ORDER BY p.consumer, p.key, p."offset") h
"""
_LATEST = text(
    f"""{_HEADS}
    WHERE (CAST(:state AS text) IS NULL OR h.state = :state)
      AND (CAST(:at AS timestamptz) IS NULL
           OR (h.parked_at, h.consumer, h."offset") < (:at, CAST(:last AS text), :offset))
    ORDER BY h.parked_at DESC, h.consumer DESC, h."offset" DESC LIMIT :limit"""
)
_SHOW = text(
    f"""SELECT p.*, (SELECT count(*) FROM backbone.parked_events b WHERE b.consumer = p.consumer
                     AND b.key = p.key AND b."offset" > p."offset") AS behind
        FROM ({PARKED_ROW}) p WHERE p.consumer = :consumer AND p.event_id = :event_id"""
)
_COUNTS = text(
    """SELECT consumer, count(*) FILTER (WHERE state = 'dead') AS dead,
              count(*) FILTER (WHERE state = 'retrying') AS retrying,
              count(*) FILTER (WHERE state = 'waiting') AS waiting
       FROM backbone.parked_events GROUP BY consumer ORDER BY consumer"""
)
_NOTE = """
    INSERT INTO backbone.parked_decisions
        (id, action, actor, why, consumer, key, event_id, type, attempts, error)
    SELECT gen_random_uuid(), :action, :actor, :why, f.consumer, f.key, l.event_id, l.type,
           f.attempts, f.error
    FROM decided f JOIN backbone.event_log l USING ("offset")
    RETURNING 1
"""
# What stood before is written down, so the rows are read first and locked.
_REPLAY = text(
    f"""
    WITH decided AS (
        SELECT consumer, "offset", key, attempts, error FROM backbone.parked_events
        WHERE state <> 'waiting' AND (CAST(:consumer AS text) IS NULL OR consumer = :consumer)
          AND (CAST(:key AS uuid) IS NULL OR key = :key)
        ORDER BY consumer, "offset" FOR UPDATE
    ), again AS (
        UPDATE backbone.parked_events p
        SET state = 'retrying', attempts = 0, next_attempt_at = now()
        FROM decided d WHERE p.consumer = d.consumer AND p."offset" = d."offset"
    ) {_NOTE}
    """
)
_DROP = text(
    f"""
    WITH decided AS (
        DELETE FROM backbone.parked_events p USING backbone.event_log l
        WHERE l."offset" = p."offset" AND p.consumer = :consumer AND l.event_id = :event_id
        RETURNING p.consumer, p."offset", p.key, p.attempts, p.error
    ) {_NOTE}
    """
)
_DECISIONS = text(
    """SELECT action, actor, why, consumer, key, event_id, type, attempts, error, decided_at
       FROM backbone.parked_decisions
       WHERE CAST(:consumer AS text) IS NULL OR (consumer = :consumer AND key = :key)
       ORDER BY decided_at DESC, id LIMIT :limit"""
)


class StuckUnknown(NotFound):
    code = "stuck_event_not_found"
    title = "This event is not stuck here, or not any more"


@dataclass(frozen=True, slots=True)
class StuckEvent:
    """`behind` is how many later events of its key wait for it."""

    parked: ParkedEvent
    behind: int


@dataclass(frozen=True, slots=True)
class StuckCount:
    consumer: str
    dead: int
    retrying: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Decision:
    """`attempts` and `error` are those that were decided upon."""

    action: Literal["replay", "drop"]
    actor: str
    why: str
    consumer: str
    key: UUID
    event_id: UUID
    type: str
    attempts: int
    error: str | None
    decided_at: datetime


async def replay(
    uow: UnitOfWork,
    *,
    actor: str,
    why: str,
    consumer: str | None = None,
    key: UUID | None = None,
) -> int:
    """Try again now, from the start of the retries; how many were woken. Those behind them follow
    by themselves."""
    asked = {"action": "replay", "actor": actor, "why": why, "consumer": consumer, "key": key}
    return len((await uow.connection.execute(_REPLAY, asked)).all())


async def drop(uow: UnitOfWork, *, actor: str, why: str, consumer: str, event_id: UUID) -> None:
    """The consumer never handles this event; the next of its key goes on. Raises `StuckUnknown`."""
    asked = {"action": "drop", "actor": actor, "why": why, "consumer": consumer}
    found = await uow.connection.execute(_DROP, {**asked, "event_id": event_id})
    if found.first() is None:
        raise StuckUnknown


class StuckEvents:
    """What holds up the events of a key, over all consumers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def latest(
        self, page: PageRequest, *, consumer: str | None = None, state: ParkedState | None = None
    ) -> Page[StuckEvent]:
        """Newest first. Raises `Invalid` for a cursor that is not ours."""
        asked = {"consumer": consumer, "state": state, "limit": page.limit + 1, **_after(page)}
        async with self._database.reading() as connection:
            rows = (await connection.execute(_LATEST, asked)).all()
        found = [_stuck(row) for row in rows[: page.limit]]
        return Page(items=found, next_cursor=_cursor(found) if len(rows) > page.limit else None)

    async def counts(self) -> Sequence[StuckCount]:
        async with self._database.reading() as connection:
            rows = (await connection.execute(_COUNTS)).all()
        return [StuckCount(**row._mapping) for row in rows]

    async def show(self, *, consumer: str, event_id: UUID) -> StuckEvent:
        """Raises `StuckUnknown`."""
        asked = {"consumer": consumer, "event_id": event_id}
        async with self._database.reading() as connection:
            row = (await connection.execute(_SHOW, asked)).first()
        if row is None:
            raise StuckUnknown
        return _stuck(row)

    async def replay(
        self, *, actor: str, why: str, consumer: str | None = None, key: UUID | None = None
    ) -> int:
        """`replay` in a unit of work of its own."""
        async with self._database.work(actor=actor) as uow:
            return await replay(uow, actor=actor, why=why, consumer=consumer, key=key)

    async def drop(self, *, actor: str, why: str, consumer: str, event_id: UUID) -> None:
        """`drop` in a unit of work of its own. Raises `StuckUnknown`."""
        async with self._database.work(actor=actor) as uow:
            await drop(uow, actor=actor, why=why, consumer=consumer, event_id=event_id)

    async def decisions(
        self, *, limit: int, consumer: str | None = None, key: UUID | None = None
    ) -> Sequence[Decision]:
        """The newest, or those about one key for one consumer."""
        asked = {"limit": limit, "consumer": consumer, "key": key}
        async with self._database.reading() as connection:
            rows = (await connection.execute(_DECISIONS, asked)).all()
        return [Decision(**row._mapping) for row in rows]


def _stuck(row: Row[Any]) -> StuckEvent:
    return StuckEvent(parked(row), row.behind)


def _cursor(found: Sequence[StuckEvent]) -> str:
    last = found[-1].parked
    return encode_cursor(last.parked_at.isoformat(), last.consumer, last.event.offset)


def _after(page: PageRequest) -> dict[str, object]:
    key = page.after()
    if key is None:
        return {"at": None, "last": None, "offset": 0}
    try:
        at, consumer, offset = key
        return {"at": datetime.fromisoformat(at), "last": consumer, "offset": int(offset)}
    except ValueError as error:
        raise Invalid(NOT_OURS) from error

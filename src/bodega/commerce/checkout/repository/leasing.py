"""Who drives a saga, and until when."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.backbone.db import UnitOfWork
from bodega.commerce.checkout.repository.rows import Saga, saga
from bodega.kernel.ids import CheckoutId

_LIVE = "state IN ('running', 'waiting', 'undoing')"
_LEASE = f"""
    UPDATE checkout.checkouts SET leased_until = :until, attempts = attempts + 1
    WHERE id = (SELECT id FROM checkout.checkouts
                WHERE {_LIVE} AND leased_until < :now {{}}
                ORDER BY leased_until LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING *"""  # noqa: S608 - our own words
_LEASE_NEXT = text(_LEASE.format(""))
_LEASE_ONE = text(_LEASE.format("AND id = :id"))
_POSTPONE = text(
    f"""UPDATE checkout.checkouts SET leased_until = :until, trouble = :trouble
        WHERE id = :id AND {_LIVE}"""  # noqa: S608
)
_DUE = text(
    f"UPDATE checkout.checkouts SET leased_until = :now WHERE id = :id AND {_LIVE} RETURNING id"  # noqa: S608
)
_WAKE = text(
    """UPDATE checkout.checkouts SET leased_until = :now
       WHERE id = :id AND state = 'waiting' AND waiting_for = 'buyer'"""
)
_STOP = text(
    """UPDATE checkout.checkouts SET stop_requested = true, leased_until =
           CASE state WHEN 'waiting' THEN :now ELSE leased_until END
       WHERE id = :id AND state IN ('running', 'waiting') RETURNING id"""
)


async def lease(
    uow: UnitOfWork,
    *,
    now: datetime,
    until: datetime,
    checkout_id: CheckoutId | None = None,
) -> Saga | None:
    """A live saga whose lease has lapsed, now leased to the caller, durably."""
    asked: dict[str, object] = {"now": now, "until": until}
    if checkout_id is None:
        return saga((await uow.finish(_LEASE_NEXT, asked)).first())
    return saga((await uow.finish(_LEASE_ONE, asked | {"id": checkout_id})).first())


async def postpone(
    connection: AsyncConnection,
    checkout_id: CheckoutId,
    *,
    until: datetime,
    trouble: str | None = None,
) -> None:
    """Nobody looks at it before `until`."""
    asked = {"id": checkout_id, "until": until, "trouble": trouble}
    await connection.execute(_POSTPONE, asked)


async def make_due(connection: AsyncConnection, checkout_id: CheckoutId, *, now: datetime) -> bool:
    """The next sweep takes it; False when it has ended."""
    found = await connection.execute(_DUE, {"id": checkout_id, "now": now})
    return found.first() is not None


async def wake(connection: AsyncConnection, checkout_id: CheckoutId, *, now: datetime) -> None:
    """Its buyer has acted: the next sweep asks how it went."""
    await connection.execute(_WAKE, {"id": checkout_id, "now": now})


async def request_stop(
    connection: AsyncConnection, checkout_id: CheckoutId, *, now: datetime
) -> bool:
    """Whoever takes it over next undoes it; a driver under way may still bring it through. False
    when it has ended, or is being undone."""
    found = await connection.execute(_STOP, {"id": checkout_id, "now": now})
    return found.first() is not None

"""Reading sagas: one, the review queue, and all of them as durable work."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.backbone.workflows import Workflow
from bodega.commerce.checkout.repository.rows import Saga, held, saga
from bodega.contracts.checkout import CartCheckout, HeldCheckout
from bodega.kernel.ids import CartId, CheckoutId
from bodega.kernel.money import Money

KIND = "checkout"

_FIND = text("SELECT * FROM checkout.checkouts WHERE id = :id")
_OF_CART = text("SELECT * FROM checkout.checkouts WHERE cart_id = :cart AND state <> 'failed'")
_FATE = text(
    """SELECT id, state, order_id FROM checkout.checkouts
       WHERE cart_id = :cart AND state <> 'failed'"""
)
_HELD = text(
    """SELECT * FROM checkout.checkouts
       WHERE state = 'waiting' AND waiting_for = 'review'
         AND (CAST(:after_at AS timestamptz) IS NULL
              OR (started_at, id) > (CAST(:after_at AS timestamptz), CAST(:after_id AS uuid)))
       ORDER BY started_at, id LIMIT :limit"""
)
_LATEST = text(
    """SELECT * FROM checkout.checkouts
       WHERE NOT :open_only OR state IN ('running', 'waiting', 'undoing')
       ORDER BY started_at DESC, id DESC LIMIT :limit"""
)


async def find_saga(connection: AsyncConnection, checkout_id: CheckoutId) -> Saga | None:
    return saga((await connection.execute(_FIND, {"id": checkout_id})).first())


async def find_of_cart(connection: AsyncConnection, cart_id: CartId) -> Saga | None:
    """The checkout of the cart that is under way or went through."""
    return saga((await connection.execute(_OF_CART, {"cart": cart_id})).first())


async def fate_of_cart(connection: AsyncConnection, cart_id: CartId) -> CartCheckout | None:
    """The same in short; an order that is being undone again is none."""
    row = (await connection.execute(_FATE, {"cart": cart_id})).first()
    if row is None:
        return None
    order_id = row.order_id if row.state in ("completed", "waiting") else None
    return CartCheckout(id=row.id, state=row.state, order_id=order_id)


async def held_sagas(
    connection: AsyncConnection, *, limit: int, after: tuple[datetime, UUID] | None
) -> list[HeldCheckout]:
    """In review, the longest waiting first."""
    at, id_ = after or (None, None)
    asked = {"limit": limit, "after_at": at, "after_id": id_}
    return [held(row) for row in await connection.execute(_HELD, asked)]


async def latest_workflows(
    connection: AsyncConnection, *, limit: int, open_only: bool
) -> list[Workflow]:
    rows = await connection.execute(_LATEST, {"limit": limit, "open_only": open_only})
    return [_workflow(row) for row in rows]


async def find_workflow(connection: AsyncConnection, checkout_id: UUID) -> Workflow | None:
    row = (await connection.execute(_FIND, {"id": checkout_id})).first()
    return _workflow(row) if row is not None else None


def _workflow(row: Row[Any]) -> Workflow:
    facts = {
        "total": f"{Money(amount=row.total_amount, currency=row.total_currency).decimal} "
        f"{row.total_currency}",
        "order": str(row.order_number or ""),
        "fraud": f"{row.fraud_decision} {row.fraud_score or 0} ({row.fraud_model or 'none'})",
        "failure": row.failure_code or "",
        "decline": row.decline_code or "",
        "review": row.review or "",
    }
    return Workflow(
        kind=KIND,
        id=str(row.id),
        state=row.state,
        at=f"for {row.waiting_for}" if row.waiting_for else row.failure_code or "",
        started_at=row.started_at,
        ended_at=row.ended_at,
        next_try_at=None if row.ended_at else row.leased_until,
        attempts=row.attempts,
        trouble=None if row.ended_at else row.trouble,
        facts={name: value for name, value in facts.items() if value},
    )

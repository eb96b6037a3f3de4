"""Every query of checkout."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.commerce.checkout.domain import Failure
from bodega.contracts.checkout import CheckoutRequest, CheckoutState, CheckoutView
from bodega.contracts.orders import OrderLine
from bodega.kernel.address import Address
from bodega.kernel.ids import CartId, CheckoutId, OrderId, UserId
from bodega.kernel.money import Money

_INSERT = text(
    """INSERT INTO checkout.checkouts (id, cart_id, customer_id, state, fingerprint, email,
           shipping_address, payment_token, lines, total_amount, total_currency, leased_until)
       VALUES (:id, :cart, :customer, 'running', :fingerprint, :email,
           CAST(:address AS jsonb), :token, CAST(:lines AS jsonb), :amount, :currency, :until)
       ON CONFLICT DO NOTHING RETURNING *"""
)
_FIND = text("SELECT * FROM checkout.checkouts WHERE id = :id")
_OF_CART = text("SELECT * FROM checkout.checkouts WHERE cart_id = :cart AND state <> 'failed'")
_LEASE = """
    UPDATE checkout.checkouts SET leased_until = :until, attempts = attempts + 1
    WHERE id = (SELECT id FROM checkout.checkouts
                WHERE state IN ('running', 'undoing') AND leased_until < :now {}
                ORDER BY leased_until LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING *"""
_LEASE_NEXT = text(_LEASE.format(""))
_LEASE_ONE = text(_LEASE.format("AND id = :id"))
_POSTPONE = text(
    """UPDATE checkout.checkouts SET leased_until = :until
       WHERE id = :id AND state IN ('running', 'undoing')"""
)
_UNDO = text(
    """UPDATE checkout.checkouts SET state = 'undoing', failure_code = :code,
           decline_code = :decline_code, failure_detail = :detail, leased_until = :until
       WHERE id = :id AND state = 'running' RETURNING *"""
)
_END = """
    UPDATE checkout.checkouts SET state = '{}', order_id = :order_id, order_number = :number,
        email = NULL, shipping_address = NULL, payment_token = NULL, ended_at = :now
    WHERE id = :id AND state = '{}' RETURNING *"""
_COMPLETE = text(_END.format("completed", "running"))
_FAIL = text(_END.format("failed", "undoing"))


@dataclass(frozen=True, slots=True)
class Saga:
    """A row of checkout.checkouts. `email`, `address` and `token` are None once it has ended."""

    id: CheckoutId
    cart_id: CartId
    customer_id: UserId | None
    state: CheckoutState
    fingerprint: bytes
    email: str | None
    address: Address | None
    token: str | None
    lines: Sequence[OrderLine]
    total: Money
    order_id: OrderId | None
    order_number: int | None
    failure_code: str | None
    decline_code: str | None
    failure_detail: str | None
    attempts: int

    def view(self) -> CheckoutView:
        return CheckoutView(
            id=self.id,
            cart_id=self.cart_id,
            customer_id=self.customer_id,
            state=self.state,
            order_id=self.order_id,
            order_number=self.order_number,
            total=self.total,
            failure_code=self.failure_code,
            decline_code=self.decline_code,
            failure_detail=self.failure_detail,
        )


def _saga(row: Row[Any] | None) -> Saga | None:
    if row is None:
        return None
    address = row.shipping_address
    return Saga(
        id=row.id,
        cart_id=row.cart_id,
        customer_id=row.customer_id,
        state=row.state,
        fingerprint=bytes(row.fingerprint),
        email=row.email,
        address=Address.model_validate(address) if address else None,
        token=row.payment_token,
        lines=[OrderLine.model_validate(line) for line in row.lines],
        total=Money(amount=row.total_amount, currency=row.total_currency),
        order_id=row.order_id,
        order_number=row.order_number,
        failure_code=row.failure_code,
        decline_code=row.decline_code,
        failure_detail=row.failure_detail,
        attempts=row.attempts,
    )


async def insert_saga(
    connection: AsyncConnection,
    *,
    checkout_id: CheckoutId,
    request: CheckoutRequest,
    customer_id: UserId | None,
    fingerprint: bytes,
    lines: Sequence[OrderLine],
    total: Money,
    leased_until: datetime,
) -> Saga | None:
    """None when the id is taken, or the cart has a checkout that did not fail."""
    asked = {
        "id": checkout_id,
        "cart": request.cart_id,
        "customer": customer_id,
        "fingerprint": fingerprint,
        "email": request.email,
        "address": request.shipping_address.model_dump_json(),
        "token": request.payment_token,
        "lines": json.dumps([line.model_dump(mode="json") for line in lines]),
        "amount": total.amount,
        "currency": total.currency,
        "until": leased_until,
    }
    return _saga((await connection.execute(_INSERT, asked)).first())


async def find_saga(connection: AsyncConnection, checkout_id: CheckoutId) -> Saga | None:
    return _saga((await connection.execute(_FIND, {"id": checkout_id})).first())


async def find_of_cart(connection: AsyncConnection, cart_id: CartId) -> Saga | None:
    """The checkout of the cart that is under way or went through."""
    return _saga((await connection.execute(_OF_CART, {"cart": cart_id})).first())


async def lease(
    connection: AsyncConnection,
    *,
    now: datetime,
    until: datetime,
    checkout_id: CheckoutId | None = None,
) -> Saga | None:
    """A live saga whose lease has lapsed, now leased to the caller."""
    asked = {"now": now, "until": until}
    statement = _LEASE_NEXT
    if checkout_id is not None:
        statement, asked = _LEASE_ONE, {**asked, "id": checkout_id}  # type: ignore[dict-item]
    return _saga((await connection.execute(statement, asked)).first())


async def postpone(
    connection: AsyncConnection, checkout_id: CheckoutId, *, until: datetime
) -> None:
    await connection.execute(_POSTPONE, {"id": checkout_id, "until": until})


async def begin_undo(
    connection: AsyncConnection,
    checkout_id: CheckoutId,
    failure: Failure,
    *,
    until: datetime,
) -> Saga | None:
    """None when it is not running any more."""
    asked = {
        "id": checkout_id,
        "code": failure.code,
        "decline_code": failure.decline_code,
        "detail": failure.detail,
        "until": until,
    }
    return _saga((await connection.execute(_UNDO, asked)).first())


async def complete(
    connection: AsyncConnection,
    checkout_id: CheckoutId,
    *,
    order_id: OrderId,
    number: int,
    now: datetime,
) -> Saga | None:
    """None when it is not running any more."""
    asked = {"id": checkout_id, "order_id": order_id, "number": number, "now": now}
    return _saga((await connection.execute(_COMPLETE, asked)).first())


async def fail(
    connection: AsyncConnection, checkout_id: CheckoutId, *, now: datetime
) -> Saga | None:
    """None when it is not being undone any more."""
    asked = {"id": checkout_id, "order_id": None, "number": None, "now": now}
    return _saga((await connection.execute(_FAIL, asked)).first())

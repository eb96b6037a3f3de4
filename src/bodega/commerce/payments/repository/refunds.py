"""Every query of refunds."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.backbone.db import Connection
from bodega.commerce.payments.repository.payments import record_transition
from bodega.commerce.payments.tables import payments, refunds
from bodega.contracts.payments import RefundStatus, RefundView
from bodega.kernel.ids import (
    CheckoutId,
    CommandId,
    OperationId,
    PaymentId,
    RefundId,
    new_id,
)
from bodega.kernel.money import Money


@dataclass(frozen=True, slots=True)
class Refund:
    """A row of payments.refunds."""

    id: RefundId
    payment_id: PaymentId
    amount: Money
    status: RefundStatus
    reason: str
    reference: str | None
    failure_code: str | None
    sale_id: CheckoutId | None
    operation_id: OperationId | None
    retry_of: RefundId | None

    def view(self) -> RefundView:
        return RefundView(
            id=self.id,
            payment_id=self.payment_id,
            amount=self.amount,
            status=self.status,
            reason=self.reason,
            failure_code=self.failure_code,
            operation_id=self.operation_id,
            retry_of=self.retry_of,
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to go back, why, and for whom. `sale_id` is the sale it counts for, when that is not
    the payment's own."""

    amount: Money
    reason: str
    sale_id: CheckoutId | None = None
    operation_id: OperationId | None = None
    retry_of: RefundId | None = None


def _refund(row: Row[Any]) -> Refund:
    return Refund(
        id=row.id,
        payment_id=row.payment_id,
        amount=Money(amount=row.amount_amount, currency=row.amount_currency),
        status=row.status,
        reason=row.reason,
        reference=row.provider_reference,
        failure_code=row.failure_code,
        sale_id=row.sale_id,
        operation_id=row.operation_id,
        retry_of=row.retry_of,
    )


async def open_refund(
    connection: Connection, *, payment_id: PaymentId, command_id: CommandId, wanted: Wanted
) -> Refund:
    values = {
        "id": new_id(),
        "payment_id": payment_id,
        "command_id": command_id,
        "amount_amount": wanted.amount.amount,
        "amount_currency": wanted.amount.currency,
        "status": "pending",
        "reason": wanted.reason,
        "sale_id": wanted.sale_id,
        "operation_id": wanted.operation_id,
        "retry_of": wanted.retry_of,
    }
    row = (await connection.execute(insert(refunds).values(values).returning(refunds))).one()
    opened = _refund(row)
    record_transition(
        connection,
        payment_id,
        before=None,
        after="pending",
        note=wanted.reason,
        refund_id=opened.id,
    )
    return opened


async def refund_of_command(connection: AsyncConnection, command_id: CommandId) -> Refund | None:
    query = select(refunds).where(refunds.c.command_id == command_id)
    row = (await connection.execute(query)).first()
    return _refund(row) if row else None


async def find_refund(
    connection: AsyncConnection, refund_id: RefundId, *, lock: bool = False
) -> Refund | None:
    query = select(refunds).where(refunds.c.id == refund_id)
    row = (await connection.execute(query.with_for_update() if lock else query)).first()
    return _refund(row) if row else None


async def refunds_of(connection: AsyncConnection, checkout_id: CheckoutId) -> list[Refund]:
    """Oldest first."""
    query = (
        select(refunds)
        .join(payments, payments.c.id == refunds.c.payment_id)
        .where(payments.c.checkout_id == checkout_id)
        .order_by(refunds.c.id)
    )
    return [_refund(row) for row in await connection.execute(query)]


async def given_back(connection: AsyncConnection, payment_id: PaymentId) -> int:
    """What was refunded or is on its way back, in minor units."""
    query = select(func.coalesce(func.sum(refunds.c.amount_amount), 0)).where(
        refunds.c.payment_id == payment_id, refunds.c.status != "failed"
    )
    return int((await connection.execute(query)).scalar_one())


async def change_refund(
    connection: Connection,
    refund: Refund,
    *,
    after: RefundStatus,
    reference: str | None,
    failure_code: str | None,
    note: str | None = None,
) -> Refund:
    """Write what became of a locked refund; only another status is a transition."""
    statement = (
        update(refunds)
        .where(refunds.c.id == refund.id)
        .values(
            status=after,
            provider_reference=reference or refund.reference,
            failure_code=failure_code,
            due_at=None,
            known_at=func.now(),
        )
        .returning(refunds)
    )
    row = (await connection.execute(statement)).one()
    if after != refund.status:
        record_transition(
            connection,
            refund.payment_id,
            before=refund.status,
            after=after,
            note=note or failure_code,
            refund_id=refund.id,
        )
    return _refund(row)


async def pending_refunds(
    connection: AsyncConnection, *, before: datetime, limit: int
) -> list[Refund]:
    """Those nothing was heard of since `before`, longest silent first."""
    query = (
        select(refunds)
        .where(refunds.c.status == "pending", refunds.c.known_at < before)
        .order_by(refunds.c.known_at)
        .limit(limit)
    )
    return [_refund(row) for row in await connection.execute(query)]


async def due_refunds(connection: AsyncConnection, *, now: datetime, limit: int) -> list[Refund]:
    """Those of which the provider has said something else than we know."""
    query = select(refunds).where(refunds.c.due_at <= now).order_by(refunds.c.due_at).limit(limit)
    return [_refund(row) for row in await connection.execute(query)]


async def make_due(
    connection: AsyncConnection, refund_id: RefundId, *, at: datetime | None
) -> None:
    """When the provider is to be asked about it; None: not any more."""
    await connection.execute(update(refunds).where(refunds.c.id == refund_id).values(due_at=at))


async def matching_refund(
    connection: AsyncConnection, *, refund_id: UUID | None, provider: str, reference: str
) -> Refund | None:
    """By our own id when the provider was told it, else by the provider's."""
    known = refunds.c.provider_reference == reference
    match = known if refund_id is None else (refunds.c.id == refund_id) | known
    query = select(refunds).join(payments, payments.c.id == refunds.c.payment_id)
    query = query.where(payments.c.provider == provider, match).limit(1)
    row = (await connection.execute(query)).first()
    return _refund(row) if row else None


async def was_retried(connection: AsyncConnection, refund_id: RefundId) -> bool:
    """Whether another try of a failed refund has not failed itself."""
    query = select(refunds.c.id).where(
        refunds.c.retry_of == refund_id, refunds.c.status != "failed"
    )
    return (await connection.execute(query.limit(1))).first() is not None

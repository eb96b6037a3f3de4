"""Refunds that failed after they were booked, and those that were made again."""

from datetime import datetime

from bodega.backbone.db import UnitOfWork
from bodega.commerce.orders.repository import operations, orders, refunds
from bodega.commerce.orders.service.bookings import tell
from bodega.contracts.payments import PaymentRefunded, PaymentRefundFailed
from bodega.kernel.ids import OperationId


async def refund_failed(uow: UnitOfWork, event: PaymentRefundFailed, *, at: datetime) -> None:
    """What was counted as given back is not any more."""
    reason = f"{event.amount} did not arrive: {event.failure_code}"
    await _correct(uow, event.operation_id, -event.amount.amount, "refund_failed", reason, at=at)


async def refund_retried(uow: UnitOfWork, event: PaymentRefunded, *, at: datetime) -> None:
    if event.retry_of is not None:
        reason = f"{event.amount} was sent again"
        amount = event.amount.amount
        await _correct(uow, event.operation_id, amount, "refund_sent_again", reason, at=at)


async def _correct(
    uow: UnitOfWork,
    operation_id: OperationId | None,
    amount: int,
    kind: str,
    reason: str,
    *,
    at: datetime,
) -> None:
    """What counts as given back, with an entry of history. An operation that had not ended yet
    booked by itself what had arrived."""
    found = await operations.find_operation(uow.connection, operation_id) if operation_id else None
    order = await orders.lock_order(uow.connection, found.order_id) if found else None
    ended = await operations.find_operation(uow.connection, found.id) if found else None
    if order is None or ended is None or ended.ended_at is None or at < ended.ended_at:
        return
    await refunds.add_refunded(uow.connection, order.id, amount)
    await tell(uow, order, kind, reason, ended.id)

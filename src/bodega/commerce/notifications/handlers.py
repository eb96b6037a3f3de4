"""The notifications' reactions: queue the message in the handler's own transaction."""

from datetime import timedelta

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context, Handler
from bodega.commerce.notifications import service
from bodega.contracts.aftersales import PaymentAsked
from bodega.contracts.books import (
    DisputeClosed,
    DisputeDeadlineNear,
    DisputeOpened,
    PaymentConflictFound,
)
from bodega.contracts.catalog import Catalog
from bodega.contracts.inventory import StockLow, StockMismatch
from bodega.contracts.orders import OrderPaid
from bodega.kernel.events import Envelope
from bodega.kernel.ids import VariantId


async def confirm_order(
    _context: Context, uow: UnitOfWork, _envelope: Envelope, event: OrderPaid
) -> None:
    await service.queue_confirmation(uow, order_id=event.order_id)


async def ask_to_pay(
    context: Context, uow: UnitOfWork, envelope: Envelope, event: PaymentAsked
) -> None:
    """And a reminder, if there is time for one."""
    hours = context.settings.mail_pay_reminder_hours
    remind_at = envelope.occurred_at + timedelta(hours=hours) if hours else None
    if remind_at is not None and remind_at >= event.until:
        remind_at = None
    await service.queue_payment_letters(
        uow, order_id=event.order_id, operation_id=event.operation_id, remind_at=remind_at
    )


async def dispute_opened(
    _context: Context, uow: UnitOfWork, _envelope: Envelope, event: DisputeOpened
) -> None:
    due = f"; evidence is due by {event.due_at:%Y-%m-%d %H:%M} UTC" if event.due_at else ""
    line = f"Dispute {event.dispute_id} over {event.amount}: {event.reason}{due}"
    await service.queue_alert(uow, kind="dispute_opened", key=str(event.dispute_id), line=line)


async def dispute_due(
    _context: Context, uow: UnitOfWork, _envelope: Envelope, event: DisputeDeadlineNear
) -> None:
    """Once for each alarm: 7, 3 and 1 days before, and when it is too late."""
    left = f"within {event.days} days, by" if event.days else "overdue since"
    line = f"Dispute {event.dispute_id}: evidence is {left} {event.due_at:%Y-%m-%d %H:%M} UTC"
    key = f"{event.dispute_id}:{event.due_at:%Y%m%d}:{event.days}"
    await service.queue_alert(uow, kind="dispute_deadline", key=key, line=line)


async def dispute_closed(
    _context: Context, uow: UnitOfWork, _envelope: Envelope, event: DisputeClosed
) -> None:
    key = f"{event.dispute_id}:{event.status}"
    line = f"Dispute {event.dispute_id}: {event.status}"
    await service.queue_alert(uow, kind="dispute_closed", key=key, line=line)


async def conflict_found(
    _context: Context, uow: UnitOfWork, _envelope: Envelope, event: PaymentConflictFound
) -> None:
    about = f" of payment {event.payment_id}" if event.payment_id else ""
    line = f"Conflict {event.conflict_id}{about}: {event.kind}"
    await service.queue_alert(uow, kind="payment_conflict", key=str(event.conflict_id), line=line)


async def stock_low(context: Context, uow: UnitOfWork, envelope: Envelope, event: StockLow) -> None:
    what = await _named(context, event.variant_id)
    line = f"{what} at {event.location}: {event.left} left, reorder point {event.reorder_point}"
    await service.queue_alert(uow, kind="stock_low", key=str(envelope.event_id), line=line)


async def stock_mismatch(
    context: Context, uow: UnitOfWork, envelope: Envelope, event: StockMismatch
) -> None:
    line = f"{await _named(context, event.variant_id)} at {event.location}"
    await service.queue_alert(uow, kind="stock_mismatch", key=str(envelope.event_id), line=line)


async def _named(context: Context, variant_id: VariantId) -> str:
    """As staff know it."""
    found = (await context.container.get(Catalog).sellable([variant_id])).get(variant_id)
    return f"{found.title} ({found.sku})" if found else f"Variant {variant_id}"


HANDLERS: list[Handler] = [
    Handler("notifications.confirm_order", (OrderPaid,), confirm_order),
    Handler("notifications.ask_to_pay", (PaymentAsked,), ask_to_pay),
    Handler("notifications.dispute_opened", (DisputeOpened,), dispute_opened),
    Handler("notifications.dispute_due", (DisputeDeadlineNear,), dispute_due),
    Handler("notifications.dispute_closed", (DisputeClosed,), dispute_closed),
    Handler("notifications.conflict_found", (PaymentConflictFound,), conflict_found),
    Handler("notifications.stock_low", (StockLow,), stock_low),
    Handler("notifications.stock_mismatch", (StockMismatch,), stock_mismatch),
]

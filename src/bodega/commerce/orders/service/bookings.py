"""A refund of lines in the order's own books: who got what back, the credit note, the event."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.commerce.orders.domain.papers import PaperLine, credited
from bodega.commerce.orders.repository import refunds
from bodega.commerce.orders.repository.operations import Operation
from bodega.commerce.orders.service.life import move
from bodega.commerce.orders.service.papers import issue
from bodega.contracts.aftersales import OrderRefunded
from bodega.contracts.orders import OrderLine, OrderView
from bodega.kernel.ids import OrderLineId
from bodega.kernel.money import Money


async def book_refund(
    context: Context,
    uow: UnitOfWork,
    operation: Operation,
    order: OrderView,
    *,
    amounts: Mapping[OrderLineId, int],
    reason: str,
) -> None:
    """Minor units by line; the goods stay with the buyer."""
    lines = [
        (line, amounts[line.id])
        for line in order.lines
        if line.id is not None and line.id in amounts
    ]
    notes = await credit_lines(uow, order, [(line, money, 0) for line, money in lines])
    await refunds.insert_refund(
        uow.connection, order=order, operation_id=operation.id, reason=reason, amounts=amounts
    )
    await refunds.insert_return(
        uow.connection,
        id=operation.id,
        order=order,
        reason=reason,
        lines=[(line, "adjustment", 1, money) for line, money in lines],
        at=context.clock.now(),
    )
    amount = sum(amounts.values())
    await refunds.add_refunded(uow.connection, order.id, amount)
    await tell(uow, order, "refunded", reason, operation.id)
    await issue(context, uow, order, "credit_note", notes, reason=reason, reference=operation.id)
    given = Money(amount=amount, currency=order.total.currency)
    tell_refund(uow, order, operation, given, notes)


def tell_refund(
    uow: UnitOfWork,
    order: OrderView,
    operation: Operation,
    amount: Money,
    notes: Sequence[PaperLine],
) -> None:
    """`notes` are the lines of its credit note."""
    uow.emit(
        OrderRefunded(
            order_id=order.id,
            operation_id=operation.id,
            amount=amount,
            checkout_id=order.checkout_id,
            credited_tax=tax_on(notes, amount.currency),
        )
    )


def tax_on(notes: Sequence[PaperLine], currency: str) -> Money:
    return Money(amount=sum(note.tax for note in notes), currency=currency)


async def credit_lines(
    uow: UnitOfWork, order: OrderView, parts: Sequence[tuple[OrderLine, int, int]]
) -> list[PaperLine]:
    """Lines of a credit note for (line, minor units, units of goods), told before they are booked:
    the taxes of all credit notes of a line sum to the line's."""
    back = await refunds.given_back(uow.connection, order.id)
    return [
        credited(line, amount, units, before=back.get(line.id, 0) if line.id else 0)
        for line, amount, units in parts
        if amount
    ]


async def tell(uow: UnitOfWork, order: OrderView, kind: str, reason: str, reference: UUID) -> None:
    """An entry of history; the status stays."""
    status = order.status
    await move(uow, order.id, status, status, kind=kind, reason=reason, reference=reference)

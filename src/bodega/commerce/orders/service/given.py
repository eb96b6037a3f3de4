"""Money of an operation that went back although the operation did not come to its end."""

from collections.abc import Mapping
from uuid import UUID

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.commerce.orders.repository import refunds
from bodega.commerce.orders.repository.operations import Operation
from bodega.commerce.orders.service.bookings import book_refund
from bodega.contracts.orders import OrderView
from bodega.contracts.payments import Payments
from bodega.kernel.ids import CheckoutId, OrderLineId
from bodega.kernel.money import Money, total


async def given_back(context: Context, operation: Operation) -> Money | None:
    """What has gone back for it, or is on its way; None for nothing."""
    parts = operation.plan.get("refunds") or []
    payments = context.container.get(Payments)
    found: list[Money] = []
    for checkout_id in dict.fromkeys(part["checkout_id"] for part in parts):
        for refund in await payments.refunds(CheckoutId(UUID(checkout_id))):
            if refund.operation_id == operation.id and refund.status != "failed":
                found.append(refund.amount)
    return total(found, found[0].currency) if found else None


async def book_given(
    context: Context, uow: UnitOfWork, operation: Operation, order: OrderView, given: Money
) -> None:
    """As a refund of the lines it was meant for, or of the order's lines one after another."""
    planned = operation.plan.get("amounts", {})
    meant = {OrderLineId(UUID(line_id)): amount for line_id, amount in planned.items()}
    amounts = await _over_lines(uow, order, given.amount, meant)
    reason = str(operation.plan.get("reason") or operation.plan.get("note") or operation.kind)
    await book_refund(context, uow, operation, order, amounts=amounts, reason=reason)


async def _over_lines(
    uow: UnitOfWork, order: OrderView, amount: int, meant: Mapping[OrderLineId, int]
) -> dict[OrderLineId, int]:
    back = await refunds.given_back(uow.connection, order.id)
    amounts: dict[OrderLineId, int] = {}
    for line in order.lines:
        if line.id is None or (meant and line.id not in meant):
            continue
        left = line.total.amount - back.get(line.id, 0)
        taken = min(amount, left, meant.get(line.id, left))
        if taken > 0:
            amounts[line.id] = taken
            amount -= taken
    return amounts

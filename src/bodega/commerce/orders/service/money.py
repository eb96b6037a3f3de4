"""Money back to the buyer: planned over the order's payments, given part by part."""

from collections.abc import Sequence

from pydantic import BaseModel

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.commerce.orders.domain.refunds import Source, spread
from bodega.commerce.orders.errors import RefundFailed
from bodega.commerce.orders.repository import refunds
from bodega.commerce.orders.repository.operations import Operation
from bodega.commerce.orders.service.kinds import step
from bodega.contracts.orders import OrderView
from bodega.contracts.payments import Payments
from bodega.kernel.ids import CheckoutId
from bodega.kernel.money import Money


class RefundPart(BaseModel):
    """What is asked of one payment."""

    checkout_id: CheckoutId
    amount: Money


async def plan_refund(
    context: Context, uow: UnitOfWork, order: OrderView, amount: int
) -> list[RefundPart]:
    """From the order's payments, the first one first. Raises RefundExceedsPayment."""
    if not amount:
        return []
    payments = context.container.get(Payments)
    sources: list[Source] = []
    for checkout_id in await refunds.payment_ids(uow.connection, order.id):
        payment = await payments.payment(checkout_id)
        if payment is not None and payment.status == "captured":
            back = payment.refunded.amount if payment.refunded else 0
            sources.append(Source(checkout_id, payment.amount.amount - back))
    currency = order.total.currency
    return [
        RefundPart(
            checkout_id=part.checkout_id, amount=Money(amount=part.amount, currency=currency)
        )
        for part in spread(amount, sources)
    ]


async def give_back(
    context: Context, operation: Operation, parts: Sequence[RefundPart], reason: str
) -> None:
    """Raises RefundFailed when the provider refuses, Unavailable when it does not answer."""
    payments = context.container.get(Payments)
    for number, part in enumerate(parts):
        refund = await payments.refund(
            command_id=step(operation, f"refund:{number}"),
            checkout_id=part.checkout_id,
            amount=part.amount,
            reason=reason,
        )
        if refund.status == "failed":
            raise RefundFailed(f"The provider says: {refund.failure_code or 'refused'}")

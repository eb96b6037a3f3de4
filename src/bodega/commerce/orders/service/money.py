"""Money of an order's changes: given back over the order's payments, or charged anew."""

from collections.abc import Sequence

from pydantic import BaseModel

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.commerce.orders.domain.refunds import Source, spread
from bodega.commerce.orders.errors import PaymentDeclined, PaymentNotTaken, RefundFailed
from bodega.commerce.orders.repository import refunds
from bodega.commerce.orders.repository.operations import Operation
from bodega.commerce.orders.service.awaiting import ask_again, wait_for_buyer
from bodega.commerce.orders.service.kinds import step
from bodega.contracts.orders import OrderView
from bodega.contracts.payments import Payments, RefundView
from bodega.kernel.errors import BodegaError, Unavailable
from bodega.kernel.ids import CheckoutId, UserId
from bodega.kernel.money import Money


class RefundPart(BaseModel):
    """What is asked of one payment; `sale_id` is the order's sale where the payment was made for
    the order that it replaces."""

    checkout_id: CheckoutId
    amount: Money
    sale_id: CheckoutId | None = None


async def plan_refund(
    context: Context, uow: UnitOfWork, order: OrderView, amount: int
) -> list[RefundPart]:
    """From the order's payments, the first one first. Raises RefundExceedsPayment."""
    if not amount:
        return []
    payments = context.container.get(Payments)
    known = await refunds.payment_ids(uow.connection, order.id)
    sources: list[Source] = []
    for checkout_id in known:
        payment = await payments.payment(checkout_id)
        if payment is not None and payment.status == "captured":
            back = sum(
                refund.amount.amount
                for refund in await payments.refunds(checkout_id)
                if refund.status != "failed"
            )
            taken = payment.captured or payment.amount
            sources.append(Source(checkout_id, taken.amount - back))
    return [
        RefundPart(
            checkout_id=part.checkout_id,
            amount=Money(amount=part.amount, currency=order.total.currency),
            sale_id=None if known[part.checkout_id] else order.checkout_id,
        )
        for part in spread(amount, sources)
    ]


async def give_back(
    context: Context, operation: Operation, parts: Sequence[RefundPart], reason: str
) -> None:
    """Raises RefundFailed when the provider refuses, Unavailable when it does not answer."""
    for number, part in enumerate(parts):
        refund = await _given(context.container.get(Payments), operation, number, part, reason)
        if refund.status == "failed":
            raise RefundFailed(f"The provider says: {refund.failure_code or 'refused'}")


async def _given(
    payments: Payments, operation: Operation, number: int, part: RefundPart, reason: str
) -> RefundView:
    """The first try of a part that did not fail, or the last one."""
    for attempt in range(operation.tries + 1):
        name = f"refund:{number}:{attempt}" if attempt else f"refund:{number}"
        refund = await payments.refund(
            command_id=step(operation, name),
            checkout_id=part.checkout_id,
            amount=part.amount,
            reason=reason,
            sale_id=part.sale_id,
            operation_id=operation.id,
        )
        if refund.status != "failed":
            break
    return refund


async def charge(
    context: Context,
    operation: Operation,
    charge_id: CheckoutId,
    amount: Money,
    customer_id: UserId | None,
) -> None:
    """Take a further payment, filed under `charge_id`. A buyer who was asked pays it themselves,
    may be asked by their bank and, where that fails, tries another card; otherwise nobody is there.
    Raises PaymentDeclined, PaymentNotTaken, PaymentAwaited."""
    asked = bool(operation.plan.get("ask_buyer"))
    if asked and operation.payment_token is None:
        wait_for_buyer(context, operation)
    try:
        await _taken(context, operation, charge_id, amount, customer_id, off_session=not asked)
    except Unavailable:
        raise
    except BodegaError as refused:
        if not asked:
            raise
        await ask_again(context, operation, charge_id, refused)


async def _taken(
    context: Context,
    operation: Operation,
    charge_id: CheckoutId,
    amount: Money,
    customer_id: UserId | None,
    *,
    off_session: bool,
) -> None:
    payments = context.container.get(Payments)
    payment = await payments.authorise(
        checkout_id=charge_id,
        amount=amount,
        payment_token=operation.payment_token or "",
        customer_id=customer_id,
        return_url=operation.plan.get("return_url"),
        off_session=off_session,
        attempt=operation.attempt,
    )
    if payment.status == "requires_action":
        payment = await payments.confirm(checkout_id=charge_id)
    if payment.status == "requires_action":
        wait_for_buyer(context, operation)
    if payment.status not in ("authorised", "capturing", "captured"):
        raise PaymentDeclined(f"The provider says: {payment.failure_code or payment.status}")
    captured = await payments.capture(checkout_id=charge_id)
    if captured.status != "captured":
        raise PaymentNotTaken

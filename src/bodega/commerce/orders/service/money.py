"""Money of an order's changes: given back over the order's payments, or charged anew."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import BaseModel

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.commerce.orders.domain.refunds import Source, spread
from bodega.commerce.orders.errors import (
    PaymentDeclined,
    PaymentNotTaken,
    RefundExceedsPayment,
    RefundFailed,
)
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


@dataclass(frozen=True, slots=True)
class _Paid:
    """The order's payments with what can be given back of each; `own` are those made for it. `lost`
    is what the buyer's bank took back."""

    order: OrderView
    sources: list[Source]
    own: set[CheckoutId]
    lost: int

    @property
    def left(self) -> int:
        return sum(source.left for source in self.sources)

    def parts(self, amount: int) -> list[RefundPart]:
        if amount > self.left and self.lost:
            taken = Money(amount=self.lost, currency=self.order.total.currency)
            raise RefundExceedsPayment(f"The buyer's bank took {taken} back in a dispute")
        return [
            RefundPart(
                checkout_id=part.checkout_id,
                amount=Money(amount=part.amount, currency=self.order.total.currency),
                sale_id=None if part.checkout_id in self.own else self.order.checkout_id,
            )
            for part in spread(amount, self.sources)
        ]


async def plan_refund(
    context: Context, uow: UnitOfWork, order: OrderView, amount: int
) -> list[RefundPart]:
    """From the order's payments, the first one first. Raises RefundExceedsPayment."""
    return (await _paid(context, uow, order)).parts(amount) if amount else []


async def plan_refund_of_all(
    context: Context, uow: UnitOfWork, order: OrderView, amount: int
) -> tuple[list[RefundPart], int]:
    """The parts, and how much of `amount` the buyer's bank gave back already: that does not go back
    again. Raises RefundExceedsPayment."""
    if not amount:
        return [], 0
    paid = await _paid(context, uow, order)
    gone = min(paid.lost, max(amount - paid.left, 0))
    return paid.parts(amount - gone), gone


async def _paid(context: Context, uow: UnitOfWork, order: OrderView) -> _Paid:
    payments = context.container.get(Payments)
    known = await refunds.payment_ids(uow.connection, order.id)
    paid = _Paid(order, [], {id for id, own in known.items() if own}, 0)
    for checkout_id in known:
        payment = await payments.payment(checkout_id)
        if payment is None or payment.status != "captured":
            continue
        back = sum(
            refund.amount.amount
            for refund in await payments.refunds(checkout_id)
            if refund.status != "failed"
        )
        left = (payment.captured or payment.amount).amount - back
        lost = await payments.charged_back(checkout_id)
        gone = min(lost.amount, left) if lost else 0
        paid.sources.append(Source(checkout_id, left - gone))
        paid = replace(paid, lost=paid.lost + gone)
    return paid


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

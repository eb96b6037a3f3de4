"""Cancelling an order of which nothing was sent: money back, stock let go."""

from uuid import UUID

from pydantic import BaseModel

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.commerce.orders.domain.status import UNSENT, may_become
from bodega.commerce.orders.errors import OrderNotCancellable
from bodega.commerce.orders.repository import orders, refunds
from bodega.commerce.orders.repository.operations import Operation
from bodega.commerce.orders.service.bookings import credit_lines, tax_on
from bodega.commerce.orders.service.kinds import Planned, step
from bodega.commerce.orders.service.life import move
from bodega.commerce.orders.service.money import RefundPart, give_back, plan_refund_of_all
from bodega.commerce.orders.service.papers import issue
from bodega.contracts.aftersales import CancelOrder
from bodega.contracts.inventory import Inventory
from bodega.contracts.orders import OrderCancelled, OrderView
from bodega.contracts.pricing import Pricing
from bodega.kernel.ids import CheckoutId, OperationId
from bodega.kernel.money import Money


class CancelPlan(BaseModel):
    """`charged_back` is what the buyer has from their bank, in minor units."""

    checkout_id: CheckoutId
    reason: str
    refunds: list[RefundPart]
    charged_back: int = 0


class Cancelling:
    """The money goes first: when the provider refuses it, nothing has changed yet."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def plan(
        self, uow: UnitOfWork, order: OrderView, request: CancelOrder, id: OperationId
    ) -> Planned:
        if order.status not in UNSENT or order.checkout_id is None:
            raise OrderNotCancellable
        back = order.total.amount - (order.refunded.amount if order.refunded else 0)
        parts, gone = await plan_refund_of_all(self._context, uow, order, back)
        plan = CancelPlan(
            checkout_id=order.checkout_id, reason=request.reason, refunds=parts, charged_back=gone
        )
        return Planned(plan)

    async def run(self, operation: Operation) -> None:
        plan = CancelPlan.model_validate(operation.plan)
        await give_back(self._context, operation, plan.refunds, plan.reason)
        await self._context.container.get(Inventory).release(
            command_id=step(operation, "release"), checkout_id=plan.checkout_id
        )

        if Pricing in self._context.container:
            await self._context.container.get(Pricing).release(
                command_id=step(operation, "redemption"), checkout_id=plan.checkout_id
            )

    async def undo(self, operation: Operation) -> None:
        """Only the refund can fail, and it comes first."""

    async def finish(self, uow: UnitOfWork, operation: Operation, order: OrderView) -> None:
        plan = CancelPlan.model_validate(operation.plan)
        await move(
            uow, order.id, order.status, "cancelled", reason=plan.reason, reference=operation.id
        )
        back = sum(part.amount.amount for part in plan.refunds) + plan.charged_back
        tax = await _credit_the_rest(
            self._context, uow, order, back=back, reason=plan.reason, reference=operation.id
        )
        uow.emit(
            OrderCancelled(
                order_id=order.id,
                checkout_id=plan.checkout_id,
                reason=plan.reason,
                credited_tax=tax,
            )
        )


async def undo_placing(
    context: Context, uow: UnitOfWork, *, checkout_id: CheckoutId, reason: str
) -> None:
    """The checkout gives up and sees to the money itself. Had the order been paid by then (its
    capture was made at the provider's own desk), its invoice is taken back."""
    known = await orders.lock_by_checkout(uow.connection, checkout_id)
    if known is None or not may_become(known.status, "cancelled"):
        return
    await move(uow, known.id, known.status, "cancelled", reason=reason)
    tax = None
    if known.status != "pending":
        order = await orders.find_order(uow.connection, known.id)
        assert order is not None
        back = order.total.amount - (order.refunded.amount if order.refunded else 0)
        tax = await _credit_the_rest(context, uow, order, back=back, reason=reason, reference=None)
    uow.emit(
        OrderCancelled(order_id=known.id, checkout_id=checkout_id, reason=reason, credited_tax=tax)
    )


async def _credit_the_rest(
    context: Context,
    uow: UnitOfWork,
    order: OrderView,
    *,
    back: int,
    reason: str,
    reference: UUID | None,
) -> Money:
    """A credit note over all that was not given back yet, in minor units; the tax on it."""
    given = await refunds.given_back(uow.connection, order.id)
    parts = [
        (line, line.total.amount - (given.get(line.id, 0) if line.id else 0), line.quantity)
        for line in order.lines
    ]
    notes = await credit_lines(uow, order, parts)
    await refunds.add_refunded(uow.connection, order.id, back)
    await issue(context, uow, order, "credit_note", notes, reason=reason, reference=reference)
    return tax_on(notes, order.total.currency)

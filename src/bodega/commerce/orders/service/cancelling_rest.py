"""Cancelling what was not sent of an order that was sent in part: money back, stock let go."""

from typing import Final

from pydantic import BaseModel

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.commerce.orders.domain.refunds import owed
from bodega.commerce.orders.domain.status import SENDABLE, UNSENT
from bodega.commerce.orders.errors import (
    LineNamedTwice,
    LineNotFound,
    QuantityExceeded,
    RestAmountMissing,
    RestNotCancellable,
)
from bodega.commerce.orders.repository import orders, refunds
from bodega.commerce.orders.repository.operations import Operation
from bodega.commerce.orders.service.bookings import credit_lines, tell_refund
from bodega.commerce.orders.service.kinds import Planned, step
from bodega.commerce.orders.service.money import RefundPart, give_back, plan_refund
from bodega.commerce.orders.service.papers import issue
from bodega.commerce.orders.service.sending import settle_status
from bodega.contracts.aftersales import CancelRest, RestLine
from bodega.contracts.inventory import Inventory, ReservationLine
from bodega.contracts.orders import OrderLine, OrderView
from bodega.kernel.ids import CheckoutId, OperationId, OrderLineId, VariantId
from bodega.kernel.money import Money

SENT_IN_PART: Final = SENDABLE - UNSENT
Dropped = list[tuple[OrderLine, int, int]]


class DroppedLine(BaseModel):
    line_id: OrderLineId
    variant_id: VariantId
    quantity: int
    amount: int


class RestPlan(BaseModel):
    """`amounts` is the money by line, for whoever books it when the operation ends half way."""

    checkout_id: CheckoutId
    reason: str
    lines: list[DroppedLine]
    amounts: dict[OrderLineId, int]
    refunds: list[RefundPart]


class CancellingRest:
    """The money goes first, as when a whole order is cancelled."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def plan(
        self, uow: UnitOfWork, order: OrderView, request: CancelRest, id: OperationId
    ) -> Planned:
        if order.status not in SENT_IN_PART or order.checkout_id is None:
            raise RestNotCancellable
        lines = await _dropped(uow, order, request)
        amounts = {line.line_id: line.amount for line in lines if line.amount}
        plan = RestPlan(
            checkout_id=order.checkout_id,
            reason=request.reason,
            lines=lines,
            amounts=amounts,
            refunds=await plan_refund(self._context, uow, order, sum(amounts.values())),
        )
        return Planned(plan)

    async def run(self, operation: Operation) -> None:
        plan = RestPlan.model_validate(operation.plan)
        await give_back(self._context, operation, plan.refunds, plan.reason)
        await self._context.container.get(Inventory).deallocate(
            command_id=step(operation, "release"),
            checkout_id=plan.checkout_id,
            lines=[
                ReservationLine(variant_id=line.variant_id, quantity=line.quantity)
                for line in plan.lines
            ],
        )

    async def undo(self, operation: Operation) -> None:
        """Only the refund can fail, and it comes first."""

    async def finish(self, uow: UnitOfWork, operation: Operation, order: OrderView) -> None:
        plan = RestPlan.model_validate(operation.plan)
        known = {line.id: line for line in order.lines}
        parts = [(known[line.line_id], line.amount, line.quantity) for line in plan.lines]
        for line in plan.lines:
            await orders.add_progress(uow.connection, line.line_id, cancelled=line.quantity)
        if plan.amounts:
            await self._book(uow, operation, order, plan, parts)
        await refunds.insert_return(
            uow.connection,
            id=operation.id,
            order=order,
            reason="cancellation",
            lines=[(line, "product", units, money) for line, money, units in parts],
            at=self._context.clock.now(),
        )
        await settle_status(
            uow, order, kind="rest_cancelled", reference=operation.id, reason=plan.reason
        )

    async def _book(
        self,
        uow: UnitOfWork,
        operation: Operation,
        order: OrderView,
        plan: RestPlan,
        parts: Dropped,
    ) -> None:
        notes = await credit_lines(uow, order, parts)
        amount = Money(amount=sum(plan.amounts.values()), currency=order.total.currency)
        await refunds.insert_refund(
            uow.connection,
            order=order,
            operation_id=operation.id,
            reason=plan.reason,
            amounts=plan.amounts,
        )
        await refunds.add_refunded(uow.connection, order.id, amount.amount)
        await issue(
            self._context,
            uow,
            order,
            "credit_note",
            notes,
            reason=plan.reason,
            reference=operation.id,
        )
        tell_refund(uow, order, operation, amount, notes)


async def _dropped(uow: UnitOfWork, order: OrderView, request: CancelRest) -> list[DroppedLine]:
    """Raises what does not fit, and RestAmountMissing where nobody can know what is owed."""
    back = await refunds.given_back(uow.connection, order.id)
    unclear = await refunds.paid_without_goods(uow.connection, order.id)
    dropped = []
    for line, asked in _asked(order, request):
        if asked.amount is None and asked.line_id in unclear:
            raise RestAmountMissing(f"{line.title}: say what goes back for the units not sent")
        assert line.variant_id is not None
        dropped.append(
            DroppedLine(
                line_id=asked.line_id,
                variant_id=line.variant_id,
                quantity=asked.quantity,
                amount=owed(
                    line, asked.quantity, named=asked.amount, back=back.get(asked.line_id, 0)
                ),
            )
        )
    return dropped


def _asked(order: OrderView, request: CancelRest) -> list[tuple[OrderLine, RestLine]]:
    """The units that are dropped, all that were not sent unless told."""
    goods = {
        line.id: line for line in order.lines if line.kind == "product" and line.id is not None
    }
    asked = request.lines or [
        RestLine(line_id=id, quantity=line.unsent) for id, line in goods.items() if line.unsent
    ]
    if not asked:
        raise RestNotCancellable("Everything that was bought was sent, or cancelled already")
    if len({item.line_id for item in asked}) < len(asked):
        raise LineNamedTwice
    for item in asked:
        if item.line_id not in goods:
            raise LineNotFound
        if item.quantity > (left := goods[item.line_id].unsent):
            raise QuantityExceeded(f"{goods[item.line_id].title}: {left} were not sent")
    return [(goods[item.line_id], item) for item in asked]

"""Money back for lines whose goods stay with the buyer."""

from pydantic import BaseModel

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.commerce.orders.errors import (
    LineNamedTwice,
    LineNotFound,
    RefundExceedsLine,
    RefundExceedsPayment,
    RefundNotChargeable,
)
from bodega.commerce.orders.repository import refunds
from bodega.commerce.orders.repository.operations import Operation
from bodega.commerce.orders.service.bookings import book_refund
from bodega.commerce.orders.service.kinds import Planned
from bodega.commerce.orders.service.money import RefundPart, give_back, plan_refund
from bodega.contracts.aftersales import RefundOrder
from bodega.contracts.orders import OrderView
from bodega.kernel.ids import OperationId, OrderLineId
from bodega.kernel.money import Money, chargeable


class RefundPlan(BaseModel):
    reason: str
    amounts: dict[OrderLineId, int]
    refunds: list[RefundPart]


class Refunding:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def plan(
        self, uow: UnitOfWork, order: OrderView, request: RefundOrder, id: OperationId
    ) -> Planned:
        if order.status in ("pending", "cancelled"):
            raise RefundExceedsPayment
        amounts = await self._amounts(uow, order, request)
        whole, currency = sum(amounts.values()), order.total.currency
        if whole != chargeable(whole, currency):
            raise RefundNotChargeable.of(whole, currency)
        parts = await plan_refund(self._context, uow, order, whole)
        return Planned(RefundPlan(reason=request.reason, amounts=amounts, refunds=parts))

    async def _amounts(
        self, uow: UnitOfWork, order: OrderView, request: RefundOrder
    ) -> dict[OrderLineId, int]:
        known = {line.id: line for line in order.lines}
        back = await refunds.given_back(uow.connection, order.id)
        amounts: dict[OrderLineId, int] = {}
        for asked in request.lines:
            line = known.get(asked.line_id)
            if line is None:
                raise LineNotFound
            if asked.line_id in amounts:
                raise LineNamedTwice
            left = line.total.amount - back.get(asked.line_id, 0)
            fits = asked.amount.currency == line.total.currency and 0 < asked.amount.amount <= left
            if not fits:
                raise RefundExceedsLine(
                    f"{line.title}: {Money(amount=left, currency=line.total.currency)} is left"
                )
            amounts[asked.line_id] = asked.amount.amount
        return amounts

    async def run(self, operation: Operation) -> None:
        plan = RefundPlan.model_validate(operation.plan)
        await give_back(self._context, operation, plan.refunds, plan.reason)

    async def undo(self, operation: Operation) -> None:
        """The refund is all there is to do."""

    async def finish(self, uow: UnitOfWork, operation: Operation, order: OrderView) -> None:
        plan = RefundPlan.model_validate(operation.plan)
        await book_refund(
            self._context, uow, operation, order, amounts=plan.amounts, reason=plan.reason
        )

"""Editing an order before anything of it was sent; the difference in price is settled."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import BaseModel

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.commerce.orders.domain.edits import changed, edited, moved_units, paper_changes
from bodega.commerce.orders.domain.lines import line_total, subtotal, tax_total
from bodega.commerce.orders.domain.status import UNSENT
from bodega.commerce.orders.errors import (
    AddressCountryDiffers,
    EditEmpty,
    LineRefunded,
    OrderNotEditable,
    OutOfStock,
    PaymentTokenMissing,
)
from bodega.commerce.orders.repository import lines as stored
from bodega.commerce.orders.repository import operations, refunds
from bodega.commerce.orders.repository.operations import Operation
from bodega.commerce.orders.service.kinds import Planned, step
from bodega.commerce.orders.service.life import move
from bodega.commerce.orders.service.limiting import limits_passed
from bodega.commerce.orders.service.money import RefundPart, charge, give_back, plan_refund
from bodega.commerce.orders.service.papers import issue
from bodega.commerce.orders.service.quoting import quote, retaxed
from bodega.contracts.aftersales import EditOrder, OrderEdited
from bodega.contracts.inventory import Inventory, ReservationLine
from bodega.contracts.orders import OrderLine, OrderView
from bodega.contracts.payments import Payments
from bodega.kernel.address import Address, CountryCode
from bodega.kernel.ids import CheckoutId, OperationId, UserId, VariantId, derived_id
from bodega.kernel.money import Money

Units = list[tuple[VariantId, int]]


class EditPlan(BaseModel):
    """`charge_id` files the further payment; it is None when nothing is charged."""

    checkout_id: CheckoutId
    customer_id: UserId | None
    country: CountryCode | None = None
    reason: str
    lines: list[OrderLine]
    address: Address | None
    more: Units
    fewer: Units
    charge_id: CheckoutId | None
    charge: Money
    refunds: list[RefundPart]
    ask_buyer: bool = False
    warnings: list[str] = []


class Editing:
    """Promised and charged first, let go and given back last: what can fail comes before what
    cannot."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def plan(
        self, uow: UnitOfWork, order: OrderView, request: EditOrder, id: OperationId
    ) -> Planned:
        if order.status not in UNSENT or order.checkout_id is None:
            raise OrderNotEditable
        address = _address(order, request)
        wanted = [(item.variant_id, item.quantity) for item in request.additions]
        change = changed(order.lines, request.quantities)
        there = address or order.shipping_address
        goes = order.model_copy(update={"shipping_address": there})
        priced = await quote(self._context, goes, wanted, kept=change.kept, more=change.more)
        after = edited(change, priced.more, priced.new)
        if address is not None:
            after = await retaxed(self._context, order, after, address)
        if after == order.lines and address is None:
            raise EditEmpty
        await self._check_refunds(uow, order, after)
        difference = line_total(after, order.total.currency) - order.total
        dearer = difference.amount > 0
        if dearer and request.payment_token is None and not request.ask_buyer:
            raise PaymentTokenMissing
        charge_id = None
        if dearer:
            number = await operations.count_edits(uow.connection, order.id) + 1
            charge_id = CheckoutId(derived_id(order.checkout_id, f"edit:{number}"))
        parts = await plan_refund(self._context, uow, order, max(-difference.amount, 0))
        more, fewer = moved_units(order.lines, after)
        plan = EditPlan(
            checkout_id=order.checkout_id,
            customer_id=order.customer_id,
            country=order.country,
            reason=request.reason,
            lines=after,
            address=address,
            more=more,
            fewer=fewer,
            charge_id=charge_id,
            charge=difference,
            refunds=parts,
            ask_buyer=dearer and request.payment_token is None,
            warnings=await limits_passed(self._context, uow, order, dict(more)),
        )
        token = request.payment_token if charge_id else None
        return Planned(plan, reference=charge_id, payment_token=token)

    async def _check_refunds(
        self, uow: UnitOfWork, order: OrderView, after: Sequence[OrderLine]
    ) -> None:
        kept = [line for line in after if line in order.lines]
        changed = [line.id for line in order.lines if line not in kept and line.id is not None]
        if await refunds.has_refunds(uow.connection, changed):
            raise LineRefunded

    async def run(self, operation: Operation) -> None:
        plan = EditPlan.model_validate(operation.plan)
        if not await self._promise(operation, plan):
            raise OutOfStock
        if plan.charge_id is not None:
            await charge(self._context, operation, plan.charge_id, plan.charge, plan.customer_id)
        await give_back(self._context, operation, plan.refunds, plan.reason)
        if plan.fewer:
            await self._let_go(operation, plan, plan.fewer, "fewer")

    async def undo(self, operation: Operation) -> None:
        plan = EditPlan.model_validate(operation.plan)
        if plan.charge_id is not None:
            await self._context.container.get(Payments).void(checkout_id=plan.charge_id)
        if plan.more and await self._promise(operation, plan):
            await self._let_go(operation, plan, plan.more, "undo")

    async def _promise(self, operation: Operation, plan: EditPlan) -> bool:
        if not plan.more:
            return True
        promised = await self._context.container.get(Inventory).allocate_more(
            command_id=step(operation, "more"),
            checkout_id=plan.checkout_id,
            lines=_units(plan.more),
            country=plan.country,
        )
        return promised.ok

    async def _let_go(self, operation: Operation, plan: EditPlan, units: Units, name: str) -> None:
        await self._context.container.get(Inventory).deallocate(
            command_id=step(operation, name), checkout_id=plan.checkout_id, lines=_units(units)
        )

    async def finish(self, uow: UnitOfWork, operation: Operation, order: OrderView) -> None:
        plan = EditPlan.model_validate(operation.plan)
        currency = order.total.currency
        total = line_total(plan.lines, currency)
        await stored.replace_lines(uow.connection, order, plan.lines)
        await stored.change_order(
            uow.connection,
            order.id,
            subtotal=subtotal(plan.lines, currency),
            total=total,
            address=plan.address,
        )
        await move(
            uow,
            order.id,
            order.status,
            order.status,
            kind="edited",
            reason=plan.reason,
            reference=operation.id,
        )
        await self._papers(uow, order, plan, operation.id)
        uow.emit(_edited(order, operation.id, plan, total))

    async def _papers(
        self, uow: UnitOfWork, order: OrderView, plan: EditPlan, reference: UUID
    ) -> None:
        charged, credited = paper_changes(order.lines, plan.lines)
        for kind, papered in (("credit_note", credited), ("invoice", charged)):
            await issue(
                self._context,
                uow,
                order,
                "invoice" if kind == "invoice" else "credit_note",
                papered,
                reason=plan.reason,
                reference=reference,
            )


def _edited(
    order: OrderView, operation_id: OperationId, plan: EditPlan, total: Money
) -> OrderEdited:
    currency = total.currency
    more_tax = tax_total(plan.lines, currency) - tax_total(order.lines, currency)
    if plan.charge_id is None:
        return OrderEdited(
            order_id=order.id,
            operation_id=operation_id,
            total=total,
            checkout_id=order.checkout_id,
            credited_tax=-more_tax,
        )
    return OrderEdited(
        order_id=order.id,
        operation_id=operation_id,
        total=total,
        charge_id=plan.charge_id,
        charge=plan.charge,
        charge_tax=more_tax,
    )


def _address(order: OrderView, request: EditOrder) -> Address | None:
    """None when it stays. Raises AddressCountryDiffers."""
    wanted = request.shipping_address
    if wanted is None or wanted == order.shipping_address:
        return None
    if wanted.country != order.country:
        raise AddressCountryDiffers
    return wanted


def _units(units: Units) -> list[ReservationLine]:
    return [ReservationLine(variant_id=variant, quantity=quantity) for variant, quantity in units]

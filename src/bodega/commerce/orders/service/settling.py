"""Settling a return that was inspected: restock or write off, give back or exchange."""

from collections import Counter
from collections.abc import Mapping, Sequence

from pydantic import BaseModel

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.commerce.orders.domain.lines import line_total
from bodega.commerce.orders.domain.refunds import owed
from bodega.commerce.orders.domain.shares import resized
from bodega.commerce.orders.errors import (
    ExchangeCostsMore,
    LineNamedTwice,
    LineNotFound,
    LocationNotKnown,
    OutOfStock,
    QuantityExceeded,
    ReturnNotFound,
    ReturnNotOpen,
    ReturnNotPossible,
)
from bodega.commerce.orders.repository import orders, refunds, returns
from bodega.commerce.orders.repository.operations import Operation
from bodega.commerce.orders.service.bookings import credit_lines, tell_refund
from bodega.commerce.orders.service.exchanging import place_exchange
from bodega.commerce.orders.service.kinds import Planned, step
from bodega.commerce.orders.service.limiting import limits_passed
from bodega.commerce.orders.service.money import RefundPart, charge, give_back, plan_refund
from bodega.commerce.orders.service.papers import issue
from bodega.commerce.orders.service.quoting import quote
from bodega.commerce.orders.service.sending import settle_status
from bodega.contracts.aftersales import (
    InspectedLine,
    OrderExchanged,
    ReturnChanged,
    ReturnedLine,
    ReturnView,
    SettleReturn,
)
from bodega.contracts.inventory import Inventory, ReservationLine
from bodega.contracts.orders import OrderLine, OrderView
from bodega.contracts.payments import Payments
from bodega.kernel.address import CountryCode
from bodega.kernel.ids import (
    CheckoutId,
    LocationId,
    OperationId,
    OrderLineId,
    ReturnId,
    UserId,
    VariantId,
    derived_id,
)
from bodega.kernel.money import Money


class ReturnSettlement(SettleReturn):
    """The request, and the return it is about."""

    return_id: ReturnId


class SettledLine(BaseModel):
    line_id: OrderLineId
    variant_id: VariantId | None
    restock: int
    write_off: int
    amount: int


class SettlePlan(BaseModel):
    return_id: ReturnId
    location_id: LocationId | None
    note: str
    lines: list[SettledLine]
    refunds: list[RefundPart]
    exchange_id: CheckoutId | None
    exchange: list[OrderLine]
    country: CountryCode | None = None
    customer_id: UserId | None = None
    credit: Money | None = None
    charge: Money | None = None
    ask_buyer: bool = False
    warnings: list[str] = []


class Settling:
    """The new goods are promised first, then money goes back, then the old goods are for sale."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def plan(
        self, uow: UnitOfWork, order: OrderView, request: ReturnSettlement, id: OperationId
    ) -> Planned:
        found = await returns.find_return(uow.connection, request.return_id)
        if found is None or found.order_id != order.id:
            raise ReturnNotFound
        if found.status != "received":
            raise ReturnNotOpen(f"The return is {found.status}")
        back = await refunds.given_back(uow.connection, order.id)
        lines = _inspected(order, found, request, back)
        await self._check_location(request.location_id)
        exchange = await self._exchanged(order, found) if request.exchange else []
        worth = sum(line.amount for line in lines)
        new = line_total(exchange, order.total.currency)
        credit = new.model_copy(update={"amount": min(worth, new.amount)})
        ask = credit < new and request.payment_token is None
        if ask and not request.ask_buyer:
            raise ExchangeCostsMore(f"{new - credit} is missing: send a payment token for it")
        plan = SettlePlan(
            return_id=request.return_id,
            location_id=request.location_id,
            note=request.note,
            lines=lines,
            refunds=await plan_refund(self._context, uow, order, worth - credit.amount),
            exchange_id=CheckoutId(derived_id(id, "exchange")) if exchange else None,
            exchange=exchange,
            country=order.country,
            customer_id=order.customer_id,
            credit=credit,
            charge=new - credit if credit < new else None,
            ask_buyer=ask,
            warnings=await limits_passed(self._context, uow, order, _gained(lines, exchange)),
        )
        token = request.payment_token if plan.charge else None
        return Planned(plan, reference=request.return_id, payment_token=token)

    async def _check_location(self, location_id: LocationId | None) -> None:
        """Before money moves: goods cannot be restocked where there is no location."""
        if location_id is not None:
            known = await self._context.container.get(Inventory).locations()
            if location_id not in [location.id for location in known]:
                raise LocationNotKnown

    async def _exchanged(self, order: OrderView, found: ReturnView) -> list[OrderLine]:
        """Lines of the new order. Raises VariantNotSold, ReturnNotPossible."""
        wanted = [
            (line.exchange_variant_id, line.received)
            for line in found.lines
            if line.exchange_variant_id is not None and line.received
        ]
        if wanted and (order.shipping_address is None or order.checkout_id is None):
            raise ReturnNotPossible("An imported order has no address for an exchange: refund it")
        return (await quote(self._context, order, wanted, kept=_kept(order, found))).new

    async def run(self, operation: Operation) -> None:
        plan = SettlePlan.model_validate(operation.plan)
        inventory = self._context.container.get(Inventory)
        await self._promise(operation, plan)
        if plan.exchange_id is not None and plan.charge is not None:
            await charge(self._context, operation, plan.exchange_id, plan.charge, plan.customer_id)
        await give_back(self._context, operation, plan.refunds, plan.note or "return")
        for line in plan.lines:
            if line.restock and line.variant_id is not None:
                await inventory.restock(
                    command_id=step(operation, f"restock:{line.line_id}"),
                    variant_id=line.variant_id,
                    quantity=line.restock,
                    location_id=plan.location_id,
                    reason="returned",
                )
            if line.write_off and line.variant_id is not None:
                await inventory.write_off(
                    command_id=step(operation, f"write_off:{line.line_id}"),
                    variant_id=line.variant_id,
                    quantity=line.write_off,
                    location_id=plan.location_id,
                )

    async def undo(self, operation: Operation) -> None:
        plan = SettlePlan.model_validate(operation.plan)
        if plan.exchange_id is None:
            return
        if plan.charge is not None:
            await self._context.container.get(Payments).void(checkout_id=plan.exchange_id)
        await self._context.container.get(Inventory).release(
            command_id=step(operation, "release"), checkout_id=plan.exchange_id
        )

    async def _promise(self, operation: Operation, plan: SettlePlan) -> None:
        """Raises OutOfStock when what is wanted in exchange is not there."""
        if plan.exchange_id is None:
            return
        inventory = self._context.container.get(Inventory)
        lines = [
            ReservationLine(variant_id=line.variant_id, quantity=line.quantity)
            for line in plan.exchange
            if line.variant_id is not None
        ]
        held = await inventory.reserve(
            command_id=step(operation, "reserve"),
            checkout_id=plan.exchange_id,
            lines=lines,
            country=plan.country,
        )
        if not held.ok or not await inventory.allocate(
            command_id=step(operation, "allocate"),
            checkout_id=plan.exchange_id,
            country=plan.country,
        ):
            raise OutOfStock

    async def finish(self, uow: UnitOfWork, operation: Operation, order: OrderView) -> None:
        plan = SettlePlan.model_validate(operation.plan)
        known = {line.id: line for line in order.lines}
        lines = [(known[line.line_id], line) for line in plan.lines]
        for _, line in lines:
            units = line.restock + line.write_off
            await orders.add_progress(uow.connection, line.line_id, returned=units)
            await returns.change_line(
                uow.connection,
                plan.return_id,
                line.line_id,
                restocked=line.restock,
                written_off=line.write_off,
                amount=line.amount,
            )
        await self._book(uow, operation, order, plan, lines)
        await settle_status(uow, order, kind="return_closed", reference=operation.id)
        replaced = None
        if plan.exchange_id is not None:
            replaced = await place_exchange(
                self._context, uow, order, plan.exchange_id, plan.exchange
            )
            if plan.credit is not None and order.checkout_id is not None:
                uow.emit(
                    OrderExchanged(
                        order_id=order.id,
                        operation_id=operation.id,
                        exchange_order_id=replaced,
                        exchange_id=plan.exchange_id,
                        credit_of=order.checkout_id,
                        credit=plan.credit,
                    )
                )
        await returns.change_return(
            uow.connection,
            plan.return_id,
            status="closed",
            closed_at=self._context.clock.now(),
            amount=sum(part.amount.amount for part in plan.refunds),
            exchange_order_id=replaced,
        )
        uow.emit(ReturnChanged(order_id=order.id, return_id=plan.return_id, status="closed"))

    async def _book(
        self,
        uow: UnitOfWork,
        operation: Operation,
        order: OrderView,
        plan: SettlePlan,
        lines: list[tuple[OrderLine, SettledLine]],
    ) -> None:
        """What came back counts whole; what was exchanged is sold anew by the other order."""
        worth = Money(amount=sum(line.amount for _, line in lines), currency=order.total.currency)
        back = [
            (line, settled.amount, settled.restock + settled.write_off) for line, settled in lines
        ]
        notes = await credit_lines(uow, order, back)
        await refunds.insert_return(
            uow.connection,
            id=plan.return_id,
            order=order,
            reason="return",
            lines=[
                (bought, "product", line.restock + line.write_off, line.amount)
                for bought, line in lines
            ],
            at=self._context.clock.now(),
        )
        await refunds.add_refunded(uow.connection, order.id, worth.amount)
        await issue(
            self._context,
            uow,
            order,
            "credit_note",
            notes,
            reason=plan.note or None,
            reference=plan.return_id,
        )
        tell_refund(uow, order, operation, worth, notes)


def _gained(back: Sequence[SettledLine], exchange: Sequence[OrderLine]) -> Counter[VariantId]:
    """Units of each variant that the buyer has more of afterwards."""
    units: Counter[VariantId] = Counter()
    for new in exchange:
        if new.variant_id is not None:
            units[new.variant_id] += new.quantity
    for line in back:
        if line.variant_id is not None:
            units[line.variant_id] -= line.restock + line.write_off
    return units


def _kept(order: OrderView, found: ReturnView) -> list[OrderLine]:
    """The order's goods without what came back."""
    back = {line.line_id: line.received for line in found.lines}
    left = [
        (line, line.quantity - gone - (back.get(line.id, 0) if line.id else 0))
        for line in order.lines
        if line.kind == "product"
        for gone in (line.returned + line.cancelled,)
    ]
    return [resized(line, units) for line, units in left if units > 0]


def _inspected(
    order: OrderView,
    found: ReturnView,
    request: ReturnSettlement,
    back: Mapping[OrderLineId, int],
) -> list[SettledLine]:
    """Every unit that was received is accounted for. Raises what does not fit."""
    asked = {line.line_id: line for line in request.lines}
    if len(asked) < len(request.lines):
        raise LineNamedTwice
    arrived = [line for line in found.lines if line.received]
    if asked.keys() != {line.line_id for line in arrived}:
        raise LineNotFound("Say of each line that arrived what became of it, and of no other")
    known = {line.id: line for line in order.lines}
    return [
        _settled(known[line.line_id], line, asked[line.line_id], back.get(line.line_id, 0))
        for line in arrived
    ]


def _settled(bought: OrderLine, line: ReturnedLine, asked: InspectedLine, back: int) -> SettledLine:
    if asked.restock + asked.write_off != line.received:
        raise QuantityExceeded(f"{line.title}: {line.received} arrived, account for each")
    return SettledLine(
        line_id=line.line_id,
        variant_id=bought.variant_id,
        restock=asked.restock,
        write_off=asked.write_off,
        amount=owed(bought, line.received, named=asked.amount, back=back),
    )

"""What staff and buyers do with an order after the sale, in processes that may be killed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal, get_args

from bodega.backbone.container import Container
from bodega.backbone.module import Context
from bodega.commerce.orders.service.aftersales import AfterSalesService
from bodega.contracts.aftersales import (
    Addition,
    CancelOrder,
    EditOrder,
    InspectedLine,
    RefundLine,
    RefundOrder,
    RequestReturn,
    ReturnLine,
    SettleReturn,
    ShipOrder,
)
from bodega.contracts.catalog import Catalog
from bodega.contracts.inventory import Inventory
from bodega.contracts.orders import Orders, OrderView
from bodega.contracts.payments import Payments
from bodega.contracts.pricing import Pricing
from bodega.kernel.errors import BodegaError
from bodega.kernel.ids import CheckoutId, CommandId, OperationId, OrderLineId, VariantId, new_id
from bodega.kernel.money import Money
from tests.commerce.checkout.crashes import Doom, Mortal
from tests.commerce.orders.conftest import captured
from tests.commerce.orders.goods import wanted

Deed = Literal["return", "another", "refund", "fewer", "more", "ship", "cancel"]
DEEDS: tuple[Deed, ...] = get_args(Deed)
CALLED = {
    Inventory: ("allocate_more", "deallocate", "fulfil", "restock", "write_off", "release"),
    Payments: ("authorise", "capture", "refund", "void"),
}
ACTOR = "staff:ada"


def mortal_desk(context: Context, mortal: Context, payments: Payments, doom: Doom) -> Context:
    """The shop's own modules at the time of the test, whose calls may be the last."""
    container = Container()
    for protocol in (Orders, Catalog, Pricing):
        container.bind(protocol, context.container.get(protocol))
    real = {Inventory: context.container.get(Inventory), Payments: payments}
    for protocol, steps in CALLED.items():
        container.bind(protocol, Mortal(real[protocol], steps, doom))
    return replace(mortal, container=container)


class AfterTheSale:
    """Each deed is one that the order may refuse; a refusal changes nothing."""

    def __init__(self, desk: Context, real: Context) -> None:
        self.desk, self.real = desk, real
        self.after = AfterSalesService(desk)

    async def hear_of_money(self, checkout_id: CheckoutId) -> None:
        """The news of the capture arrives: once, twice, late."""
        payment = await self.real.container.get(Payments).payment(checkout_id)
        order = await self.real.container.get(Orders).by_checkout(checkout_id)
        if payment is None or payment.status != "captured" or order is None:
            return
        asked = wanted().model_copy(update={"checkout_id": checkout_id, "total": payment.amount})
        await captured(self.real, asked)

    async def do(self, deed: Deed, checkout_id: CheckoutId, other: VariantId) -> None:
        order = await self.real.container.get(Orders).by_checkout(checkout_id)
        line = next((one.id for one in order.lines if one.id), None) if order else None
        if order is None or line is None:
            return
        requests: dict[Deed, Callable[[], tuple[str, Any]]] = {
            "cancel": lambda: ("cancel", CancelOrder(reason="changed their mind")),
            "ship": lambda: ("ship", ShipOrder()),
            "refund": lambda: ("refund", _scratch(order, line)),
            "fewer": lambda: ("edit", _edit(quantities={line: 1})),
            "more": lambda: ("edit", _edit(quantities={line: 3})),
            "another": lambda: (
                "edit",
                _edit(additions=[Addition(variant_id=other, quantity=1)]),
            ),
        }
        try:
            if deed == "return":
                if not any(one.fulfilled for one in order.lines):
                    await self._perform(order, *requests["ship"]())
                await self._send_back(order, line)
            else:
                await self._perform(order, *requests[deed]())
        except BodegaError:
            return

    async def _perform(self, order: OrderView, kind: str, request: Any) -> None:
        await getattr(self.after, kind)(
            id=OperationId(new_id()), order_id=order.id, request=request, actor=ACTOR
        )

    async def _send_back(self, order: OrderView, line: OrderLineId) -> None:
        wish = RequestReturn(lines=[ReturnLine(line_id=line, quantity=1, reason="odd")])
        asked = await self.after.request_return(
            command_id=CommandId(new_id()), order_id=order.id, request=wish, customer_id=None
        )
        await self.after.decide_return(
            command_id=CommandId(new_id()), return_id=asked.id, approve=True, note="", actor=ACTOR
        )
        await self.after.receive_return(
            command_id=CommandId(new_id()), return_id=asked.id, received={}, actor=ACTOR
        )
        await self.after.settle_return(
            id=OperationId(new_id()),
            return_id=asked.id,
            request=SettleReturn(lines=[InspectedLine(line_id=line, restock=1)]),
            actor=ACTOR,
        )


def _edit(**changes: Any) -> EditOrder:
    return EditOrder(payment_token="pm_card_visa", reason="asked for it", **changes)


def _scratch(order: OrderView, line: OrderLineId) -> RefundOrder:
    penny = Money(amount=100, currency=order.total.currency)
    return RefundOrder(lines=[RefundLine(line_id=line, amount=penny)], reason="scratched")

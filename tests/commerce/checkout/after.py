"""What staff and buyers do with an order after the sale, in processes that may be killed."""

from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal, get_args

import httpx

from bodega.backbone.container import Container
from bodega.backbone.module import Context
from bodega.commerce.orders.service.aftersales import AfterSalesService
from bodega.contracts.aftersales import (
    Addition,
    CancelOrder,
    EditOrder,
    InspectedLine,
    PayDifference,
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

Deed = Literal[
    "return", "another", "refund", "fewer", "more", "ship", "cancel",
    "exchange", "exchange_asked", "ask_more",
    "pay", "pay_refused", "pay_at_bank", "bank_agrees", "bank_refuses", "leave", "give_up",
]  # fmt: skip
DEEDS: tuple[Deed, ...] = get_args(Deed)
# What seldom comes about by chance: changes that a buyer is asked to pay for.
CHAINS: tuple[list[Deed], ...] = (
    ["exchange_asked", "pay"],
    ["exchange_asked", "pay_refused", "pay"],
    ["exchange_asked", "pay_at_bank", "bank_agrees"],
    ["exchange_asked", "pay_at_bank", "bank_refuses", "pay"],
    ["exchange_asked", "pay_at_bank", "pay"],
    ["exchange_asked", "pay_refused", "leave"],
    ["ask_more", "pay_refused", "pay", "exchange"],
    ["ask_more", "pay_at_bank", "bank_agrees", "cancel"],
    ["ask_more", "pay_at_bank", "give_up"],
    ["exchange", "return"],
)
CARDS = {
    "pay": "pm_card_visa",
    "pay_refused": "pm_card_chargeDeclined",
    "pay_at_bank": "pm_card_authenticationRequired",
}
CALLED = {
    Inventory: (
        "allocate_more",
        "deallocate",
        "fulfil",
        "restock",
        "write_off",
        "release",
        "reserve",
        "allocate",
    ),
    Payments: ("authorise", "confirm", "capture", "refund", "void"),
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

    async def do(
        self, deed: Deed, checkout_id: CheckoutId, other: VariantId, *, last: bool
    ) -> None:
        """To the order that was bought, or to the `last` of those that replaced it."""
        order = await self.real.container.get(Orders).by_checkout(checkout_id)
        while last and order is not None and (newer := await self._replaced_by(order)):
            order = newer
        line = next((one.id for one in order.lines if one.id), None) if order else None
        if order is None or line is None:
            return
        try:
            await self._do(deed, order, line, other)
        except BodegaError:
            return

    async def _do(self, deed: Deed, order: OrderView, line: OrderLineId, other: VariantId) -> None:
        requests: dict[str, tuple[str, Any]] = {
            "cancel": ("cancel", CancelOrder(reason="changed their mind")),
            "ship": ("ship", ShipOrder()),
            "refund": ("refund", _scratch(order, line)),
            "fewer": ("edit", _edit(quantities={line: 1})),
            "more": ("edit", _edit(quantities={line: 3})),
            "another": ("edit", _edit(additions=[Addition(variant_id=other, quantity=1)])),
            "ask_more": ("edit", _asked(additions=[Addition(variant_id=other, quantity=1)])),
        }
        if deed in requests:
            await self._perform(order, *requests[deed])
        elif deed in ("return", "exchange", "exchange_asked"):
            if not any(one.fulfilled for one in order.lines):
                await self._perform(order, *requests["ship"])
            await self._send_back(order, line, deed, other)
        else:
            await self._settle_due(deed, order)

    async def _settle_due(self, deed: Deed, order: OrderView) -> None:
        due = await self.after.payment_due(order.id)
        if due is None:
            return
        command = CommandId(new_id())
        if deed in CARDS:
            card = PayDifference(payment_token=CARDS[deed], return_url="https://shop.test/back")
            await self.after.pay_due(order.id, card, command_id=command)
        elif deed == "leave":
            await self.after.leave_due(order.id, command_id=command, actor="guest")
        elif deed == "give_up":
            await self.after.give_up(
                due.operation_id, command_id=command, reason="sold out", actor=ACTOR
            )
        elif due.action_url:
            said = {"outcome": "authorise" if deed == "bank_agrees" else "fail"}
            with suppress(httpx.HTTPError):
                async with httpx.AsyncClient() as bank:
                    await bank.post(due.action_url, data=said)
            await self.after.proceed_due(order.id)

    async def _replaced_by(self, order: OrderView) -> OrderView | None:
        for item in await self.after.returns_of(order.id):
            if item.exchange_order_id is not None:
                return await self.real.container.get(Orders).order(item.exchange_order_id)
        return None

    async def _perform(self, order: OrderView, kind: str, request: Any) -> None:
        await getattr(self.after, kind)(
            id=OperationId(new_id()), order_id=order.id, request=request, actor=ACTOR
        )

    async def _send_back(
        self, order: OrderView, line: OrderLineId, deed: Deed, other: VariantId
    ) -> None:
        wanted = None if deed == "return" else other
        back = ReturnLine(line_id=line, quantity=1, reason="odd", exchange_variant_id=wanted)
        asked = await self.after.request_return(
            command_id=CommandId(new_id()),
            order_id=order.id,
            request=RequestReturn(lines=[back]),
            customer_id=None,
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
            request=SettleReturn(
                lines=[InspectedLine(line_id=line, restock=1)],
                payment_token="pm_card_visa" if deed == "exchange" else None,
                ask_buyer=deed == "exchange_asked",
            ),
            actor=ACTOR,
        )


def _edit(**changes: Any) -> EditOrder:
    return EditOrder(payment_token="pm_card_visa", reason="asked for it", **changes)


def _asked(**changes: Any) -> EditOrder:
    return EditOrder(ask_buyer=True, reason="asked for it", **changes)


def _scratch(order: OrderView, line: OrderLineId) -> RefundOrder:
    penny = Money(amount=100, currency=order.total.currency)
    return RefundOrder(lines=[RefundLine(line_id=line, amount=penny)], reason="scratched")

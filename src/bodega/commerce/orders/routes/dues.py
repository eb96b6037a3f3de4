"""What a change of an order costs more, paid by its buyer: customers and guests alike."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Response, status

from bodega.backbone.http.deps import Anyone, SagaClaim, SignedIn
from bodega.backbone.http.router import api_router
from bodega.commerce.orders.errors import PaymentDeclined, PaymentNotDue, refusal
from bodega.commerce.orders.routes.guests import GuestOrder
from bodega.commerce.orders.routes.orders import After, AllOrders, get_own_order
from bodega.contracts.aftersales import PayDifference, PaymentDue
from bodega.kernel.ids import CommandId, OrderId

router = api_router("orders", "/orders")
guests = api_router("orders", "/guest-order")


@dataclass(frozen=True, slots=True)
class Paying:
    """Paying once for a key, and what is answered."""

    claim: SagaClaim
    after: After
    response: Response

    async def pay(self, order_id: OrderId, request: PayDifference) -> PaymentDue:
        """Raises the error that refused the card or ended the change."""
        command = CommandId(self.claim.id)
        due = await self.after.pay_due(order_id, request, command_id=command)
        if due.state == "running" and due.action_url:
            due = await self.after.proceed_due(order_id)
        if due.declined is not None:
            raise PaymentDeclined(due.declined, tries_left=due.tries_left)
        return self._answer(due)

    async def leave(self, order_id: OrderId, actor: str) -> PaymentDue:
        command = CommandId(self.claim.id)
        return await self.after.leave_due(order_id, command_id=command, actor=actor)

    def _answer(self, due: PaymentDue) -> PaymentDue:
        if due.state == "failed":
            raise refusal(due.failure_code, due.failure_detail)
        if due.state != "done":
            self.response.status_code = status.HTTP_202_ACCEPTED
        return due


AnyPaying = Annotated[Paying, Depends(Paying)]


@router.get("/{order_id}/payment-due")
async def get_due(who: SignedIn, orders: AllOrders, after: After, order_id: OrderId) -> PaymentDue:
    await get_own_order(who, orders, order_id)
    return _known(await after.payment_due(order_id))


@router.post("/{order_id}/payment-due", status_code=status.HTTP_201_CREATED)
async def pay(
    who: SignedIn, orders: AllOrders, paying: AnyPaying, order_id: OrderId, request: PayDifference
) -> PaymentDue:
    """202 while the bank asks (`action_url`); sending it again afterwards goes on. 402 for a card
    that is refused: another may be tried (`tries_left`)."""
    await get_own_order(who, orders, order_id)
    return await paying.pay(order_id, request)


@router.post("/{order_id}/payment-due/cancellation")
async def leave(
    who: SignedIn, orders: AllOrders, paying: AnyPaying, order_id: OrderId
) -> PaymentDue:
    """Not pay it: the order stays as it is."""
    await get_own_order(who, orders, order_id)
    return await paying.leave(order_id, who.label)


@guests.get("/payment-due")
async def get_due_of_guest(who: Anyone, order: GuestOrder, after: After) -> PaymentDue:
    return _known(await after.payment_due(order.id))


@guests.post("/payment-due", status_code=status.HTTP_201_CREATED)
async def pay_as_guest(
    who: Anyone, order: GuestOrder, paying: AnyPaying, request: PayDifference
) -> PaymentDue:
    return await paying.pay(order.id, request)


@guests.post("/payment-due/cancellation")
async def leave_as_guest(who: Anyone, order: GuestOrder, paying: AnyPaying) -> PaymentDue:
    return await paying.leave(order.id, "guest")


def _known(due: PaymentDue | None) -> PaymentDue:
    if due is None:
        raise PaymentNotDue
    return due

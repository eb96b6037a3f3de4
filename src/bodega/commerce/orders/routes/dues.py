"""What a change of an order costs more, paid by its buyer: customers and guests alike."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Response, status

from bodega.backbone.http.deps import Anyone, SagaClaim, SignedIn
from bodega.backbone.http.router import api_router
from bodega.commerce.orders.errors import PaymentNotDue, refusal
from bodega.commerce.orders.routes.guests import GuestOrder
from bodega.commerce.orders.routes.orders import After, AllOrders, get_own_order
from bodega.contracts.aftersales import PayDifference, PaymentDue
from bodega.kernel.ids import OrderId

router = api_router("orders", "/orders")
guests = api_router("orders", "/guest-order")


@dataclass(frozen=True, slots=True)
class Paying:
    """Paying once for a key, and what is answered."""

    claim: SagaClaim
    after: After
    response: Response

    async def pay(self, order_id: OrderId, request: PayDifference) -> PaymentDue:
        """Raises the error that ended the change."""
        due = await self.after.pay_due(order_id, request)
        if due.state == "running" and due.action_url:
            due = await self.after.proceed_due(order_id)
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
    """202 while the bank asks (`action_url`); sending it again afterwards goes on."""
    await get_own_order(who, orders, order_id)
    return await paying.pay(order_id, request)


@guests.get("/payment-due")
async def get_due_of_guest(who: Anyone, order: GuestOrder, after: After) -> PaymentDue:
    return _known(await after.payment_due(order.id))


@guests.post("/payment-due", status_code=status.HTTP_201_CREATED)
async def pay_as_guest(
    who: Anyone, order: GuestOrder, paying: AnyPaying, request: PayDifference
) -> PaymentDue:
    return await paying.pay(order.id, request)


def _known(due: PaymentDue | None) -> PaymentDue:
    if due is None:
        raise PaymentNotDue
    return due

"""Changes of an order that need stock or money: each is an operation, followed until its end."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Response, status

from bodega.backbone.http.deps import SagaClaim, SignedIn, Staff
from bodega.backbone.http.router import admin_router, api_router
from bodega.commerce.orders.errors import OperationNotFound, RefundIncomplete, refusal
from bodega.commerce.orders.routes.orders import After, AllOrders, get_own_order
from bodega.commerce.orders.schemas import GivenUp
from bodega.contracts.aftersales import (
    CancelOrder,
    CancelRest,
    EditOrder,
    OperationView,
    RefundOrder,
    ShipOrder,
)
from bodega.kernel.ids import CommandId, OperationId, OrderId

router = api_router("orders", "/orders")
staff = admin_router("orders", "/orders")


@dataclass(frozen=True, slots=True)
class Change:
    """One change of an order: the id it is filed under, who carries it out, what is answered."""

    claim: SagaClaim
    after: After
    response: Response

    @property
    def id(self) -> OperationId:
        return OperationId(self.claim.id)

    @property
    def command(self) -> CommandId:
        return CommandId(self.claim.id)

    def answer(self, operation: OperationView) -> OperationView:
        """201 when done, 202 while it is under way, the error when it failed or was done in
        part."""
        if operation.state == "failed":
            raise refusal(operation.failure_code, operation.failure_detail)
        if operation.state == "partial":
            raise RefundIncomplete(operation.failure_detail or "", operation_id=operation.id)
        if operation.state != "done":
            self.response.status_code = status.HTTP_202_ACCEPTED
        at = f"/api/v1/admin/orders/{operation.order_id}/operations/{operation.id}"
        self.response.headers["location"] = at
        return operation


AnyChange = Annotated[Change, Depends(Change)]


@router.post("/{order_id}/cancellation", status_code=status.HTTP_201_CREATED)
async def cancel_own_order(
    who: SignedIn,
    orders: AllOrders,
    change: AnyChange,
    order_id: OrderId,
    request: CancelOrder,
) -> OperationView:
    """Before anything was sent: the money goes back."""
    await get_own_order(who, orders, order_id)
    return change.answer(
        await change.after.cancel(id=change.id, order_id=order_id, request=request, actor=who.label)
    )


@staff.post("/{order_id}/cancellation", status_code=status.HTTP_201_CREATED)
async def cancel_order(
    who: Staff,
    change: AnyChange,
    order_id: OrderId,
    request: CancelOrder,
) -> OperationView:
    """Before anything was sent: stock is let go, money goes back."""
    return change.answer(
        await change.after.cancel(id=change.id, order_id=order_id, request=request, actor=who.label)
    )


@staff.post("/{order_id}/rest-cancellation", status_code=status.HTTP_201_CREATED)
async def cancel_rest_of_order(
    who: Staff,
    change: AnyChange,
    order_id: OrderId,
    request: CancelRest,
) -> OperationView:
    """What was not sent of an order that was sent in part: let go, and its money back."""
    return change.answer(
        await change.after.cancel_rest(
            id=change.id, order_id=order_id, request=request, actor=who.label
        )
    )


@staff.post("/{order_id}/shipments", status_code=status.HTTP_201_CREATED)
async def ship_order(
    who: Staff,
    change: AnyChange,
    order_id: OrderId,
    request: ShipOrder,
) -> OperationView:
    """Send a parcel from a location; `reference` is the shipment's id."""
    return change.answer(
        await change.after.ship(id=change.id, order_id=order_id, request=request, actor=who.label)
    )


@staff.post("/{order_id}/edits", status_code=status.HTTP_201_CREATED)
async def edit_order(
    who: Staff,
    change: AnyChange,
    order_id: OrderId,
    request: EditOrder,
) -> OperationView:
    """Before anything was sent; the difference in price is refunded or charged."""
    return change.answer(
        await change.after.edit(id=change.id, order_id=order_id, request=request, actor=who.label)
    )


@staff.post("/{order_id}/refunds", status_code=status.HTTP_201_CREATED)
async def refund_order(
    who: Staff,
    change: AnyChange,
    order_id: OrderId,
    request: RefundOrder,
) -> OperationView:
    """Money back for lines whose goods stay with the buyer."""
    return change.answer(
        await change.after.refund(id=change.id, order_id=order_id, request=request, actor=who.label)
    )


@staff.get("/{order_id}/operations")
async def list_operations(who: Staff, after: After, order_id: OrderId) -> list[OperationView]:
    return await after.operations(order_id)


@staff.get("/{order_id}/operations/{operation_id}")
async def get_operation(
    who: Staff, after: After, order_id: OrderId, operation_id: OperationId
) -> OperationView:
    operation = await after.operation(operation_id)
    if operation is None or operation.order_id != order_id:
        raise OperationNotFound
    return operation


@staff.post("/{order_id}/operations/{operation_id}/retry", status_code=status.HTTP_201_CREATED)
async def retry_operation(
    who: Staff, change: AnyChange, order_id: OrderId, operation_id: OperationId
) -> OperationView:
    """Go on with one that was done in part: what the provider refused is asked for anew."""
    await get_operation(who, change.after, order_id, operation_id)
    return change.answer(
        await change.after.retry(operation_id, command_id=change.command, actor=who.label)
    )


@staff.post("/{order_id}/operations/{operation_id}/abandonment")
async def give_operation_up(
    who: Staff, change: AnyChange, order_id: OrderId, operation_id: OperationId, request: GivenUp
) -> OperationView:
    """Undo what can be undone of one that was done in part; the money that went back is booked as
    a refund of the order's lines."""
    await get_operation(who, change.after, order_id, operation_id)
    return await change.after.give_up(
        operation_id, command_id=change.command, reason=request.reason, actor=who.label
    )

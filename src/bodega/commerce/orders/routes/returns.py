"""Returns: asked for by customers, decided, received and settled by staff."""

from fastapi import status

from bodega.backbone.http.deps import PageQuery, SagaClaim, SignedIn, Staff
from bodega.backbone.http.router import admin_router, api_router
from bodega.commerce.orders.errors import ReturnNotFound
from bodega.commerce.orders.routes.changes import AnyChange
from bodega.commerce.orders.routes.orders import After, AllOrders, get_own_order
from bodega.commerce.orders.schemas import Decision, Receipt, StaffReturn
from bodega.contracts.aftersales import (
    OperationView,
    RequestReturn,
    ReturnStatus,
    ReturnView,
    SettleReturn,
)
from bodega.kernel.ids import CommandId, OrderId, ReturnId, UserId
from bodega.kernel.page import Page

router = api_router("returns", "/orders/{order_id}/returns")
staff = admin_router("returns", "/returns")


@router.get("")
async def list_own_returns(
    who: SignedIn, orders: AllOrders, after: After, order_id: OrderId
) -> list[ReturnView]:
    await get_own_order(who, orders, order_id)
    return await after.returns_of(order_id)


@router.post("", status_code=status.HTTP_201_CREATED)
async def request_return(
    who: SignedIn, claim: SagaClaim, after: After, order_id: OrderId, request: RequestReturn
) -> ReturnView:
    """Ask to send units of an own order back."""
    assert who.id is not None
    return await after.request_return(
        command_id=CommandId(claim.id),
        order_id=order_id,
        request=request,
        customer_id=UserId(who.id),
    )


@router.post("/{return_id}/withdrawal")
async def withdraw_return(
    who: SignedIn, claim: SagaClaim, after: After, order_id: OrderId, return_id: ReturnId
) -> ReturnView:
    """Keep the goods after all; until they have arrived."""
    assert who.id is not None
    found = await after.return_request(return_id)
    if found is None or found.order_id != order_id:
        raise ReturnNotFound
    return await after.withdraw_return(
        command_id=CommandId(claim.id), return_id=return_id, customer_id=UserId(who.id)
    )


@staff.get("")
async def list_returns(
    who: Staff, after: After, page: PageQuery, status: ReturnStatus | None = None
) -> Page[ReturnView]:
    """Newest first."""
    return await after.returns(page, status=status)


@staff.post("", status_code=status.HTTP_201_CREATED)
async def open_return(
    who: Staff, claim: SagaClaim, after: After, request: StaffReturn
) -> ReturnView:
    """For a customer, or a guest, and without a limit of time."""
    asked = RequestReturn(lines=request.lines, note=request.note)
    return await after.request_return(
        command_id=CommandId(claim.id),
        order_id=request.order_id,
        request=asked,
        customer_id=None,
        actor=who.label,
    )


@staff.get("/{return_id}")
async def get_return(who: Staff, after: After, return_id: ReturnId) -> ReturnView:
    found = await after.return_request(return_id)
    if found is None:
        raise ReturnNotFound
    return found


@staff.post("/{return_id}/decision")
async def decide_return(
    who: Staff, claim: SagaClaim, after: After, return_id: ReturnId, decision: Decision
) -> ReturnView:
    return await after.decide_return(
        command_id=CommandId(claim.id),
        return_id=return_id,
        approve=decision.approve,
        note=decision.note,
        actor=who.label,
    )


@staff.post("/{return_id}/receipt")
async def receive_return(
    who: Staff, claim: SagaClaim, after: After, return_id: ReturnId, receipt: Receipt
) -> ReturnView:
    """The goods have arrived, all that were announced or so many of them."""
    return await after.receive_return(
        command_id=CommandId(claim.id),
        return_id=return_id,
        received=receipt.received,
        actor=who.label,
    )


@staff.post("/{return_id}/settlement", status_code=status.HTTP_201_CREATED)
async def settle_return(
    who: Staff,
    change: AnyChange,
    return_id: ReturnId,
    request: SettleReturn,
) -> OperationView:
    """The goods were inspected: restock or write off, refund or exchange."""
    return change.answer(
        await change.after.settle_return(
            id=change.id, return_id=return_id, request=request, actor=who.label
        )
    )

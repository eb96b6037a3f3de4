"""A guest's order: opened by number and e-mail or by the link in the confirmation, with papers and
returns. `Order-Pass` carries the pass, so that it stands in no address that is logged."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Header, Request, Response, status

from bodega.backbone.http.deps import Anyone, SagaClaim
from bodega.backbone.http.router import api_router
from bodega.commerce.orders.domain.buyers import Buyer
from bodega.commerce.orders.errors import OrderNotFound, PassInvalid, ReturnNotFound
from bodega.commerce.orders.routes.changes import AnyChange
from bodega.commerce.orders.routes.orders import After, AllOrders, paper_of
from bodega.commerce.orders.schemas import OrderLookUp
from bodega.contracts.aftersales import (
    CancelOrder,
    DocumentView,
    OperationView,
    RequestReturn,
    ReturnView,
    ShipmentView,
)
from bodega.contracts.orders import OrderPass, OrderView
from bodega.kernel.ids import CommandId, DocumentId, ReturnId

passes = api_router("orders", "/order-passes")
router = api_router("orders", "/guest-order")
_GUEST = Buyer(None).label


async def opened(orders: AllOrders, order_pass: Annotated[str, Header()] = "") -> OrderView:
    """The order that the pass opens. Raises PassInvalid."""
    order = await orders.open_pass(order_pass)
    if order is None:
        raise PassInvalid
    return order


GuestOrder = Annotated[OrderView, Depends(opened)]


@passes.post("", status_code=status.HTTP_201_CREATED)
async def look_up(
    who: Anyone, orders: AllOrders, request: Request, asked: OrderLookUp
) -> OrderPass:
    """For a guest who knows the order's number and e-mail. Which orders there are is not to be
    learned here: all else is answered alike."""
    address = request.client.host if request.client else "unknown"
    order = await orders.look_up(number=asked.number, email=asked.email, address=address)
    if order is None:
        raise OrderNotFound
    return await orders.issue_pass(order.id)


@router.get("")
async def get_order(who: Anyone, order: GuestOrder) -> OrderView:
    return order


@router.get("/shipments")
async def list_shipments(who: Anyone, order: GuestOrder, after: After) -> list[ShipmentView]:
    return await after.shipments(order.id)


@router.get("/documents")
async def list_documents(who: Anyone, order: GuestOrder, after: After) -> Sequence[DocumentView]:
    """Invoices and credit notes."""
    return await after.documents(order.id)


@router.get("/documents/{document_id}", response_class=Response)
async def get_document(
    who: Anyone, order: GuestOrder, after: After, document_id: DocumentId
) -> Response:
    """The paper as PDF."""
    return paper_of(await after.paper(order.id, document_id))


@router.post("/cancellation", status_code=status.HTTP_201_CREATED)
async def cancel(
    who: Anyone, order: GuestOrder, change: AnyChange, request: CancelOrder
) -> OperationView:
    """Before anything was sent: the money goes back."""
    return change.answer(
        await change.after.cancel(id=change.id, order_id=order.id, request=request, actor=_GUEST)
    )


@router.get("/returns")
async def list_returns(who: Anyone, order: GuestOrder, after: After) -> list[ReturnView]:
    return await after.returns_of(order.id)


@router.post("/returns", status_code=status.HTTP_201_CREATED)
async def request_return(
    who: Anyone, order: GuestOrder, claim: SagaClaim, after: After, request: RequestReturn
) -> ReturnView:
    """Ask to send units back."""
    return await after.request_return(
        command_id=CommandId(claim.id),
        order_id=order.id,
        request=request,
        customer_id=None,
        guest=True,
    )


@router.post("/returns/{return_id}/withdrawal")
async def withdraw_return(
    who: Anyone, order: GuestOrder, claim: SagaClaim, after: After, return_id: ReturnId
) -> ReturnView:
    """Keep the goods after all; until they have arrived."""
    found = await after.return_request(return_id)
    if found is None or found.order_id != order.id:
        raise ReturnNotFound
    return await after.withdraw_return(
        command_id=CommandId(claim.id), return_id=return_id, customer_id=None
    )

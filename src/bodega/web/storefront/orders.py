"""A customer's own order: how it stands, its parcels and papers, sending goods back."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from bodega.kernel.errors import NotFound
from bodega.kernel.ids import DocumentId, OrderId, ReturnId
from bodega.kernel.principal import Principal
from bodega.web.access import Shopper
from bodega.web.storefront import standing
from bodega.web.storefront.standing import Counter, Filled, Standing

router = APIRouter(prefix="/account/orders", include_in_schema=False)
AtCounter = Annotated[Counter, Depends(Counter)]
WithForm = Annotated[Filled, Depends(Filled)]


async def _own(counter: Counter, who: Principal, order_id: OrderId) -> Standing:
    """Raises NotFound for somebody else's, too."""
    order = await counter.orders.order(order_id)
    if order is None or order.customer_id != who.id:
        raise NotFound("There is no such order")
    return Standing(order, f"/account/orders/{order.id}")


@router.get("/{order_id}")
async def show_order(
    request: Request, who: Shopper, counter: AtCounter, order_id: OrderId
) -> Response:
    return await standing.page(request, counter, await _own(counter, who, order_id))


@router.get("/{order_id}/documents/{document_id}")
async def show_document(
    request: Request, who: Shopper, counter: AtCounter, order_id: OrderId, document_id: DocumentId
) -> Response:
    own = await _own(counter, who, order_id)
    return standing.paper(await counter.after.paper(own.order.id, document_id))


@router.post("/{order_id}/cancellation")
async def cancel(request: Request, who: Shopper, counter: WithForm, order_id: OrderId) -> Response:
    return await standing.cancel(request, counter, await _own(counter, who, order_id))


@router.post("/{order_id}/returns")
async def request_return(
    request: Request, who: Shopper, counter: WithForm, order_id: OrderId
) -> Response:
    return await standing.request_return(request, counter, await _own(counter, who, order_id))


@router.post("/{order_id}/returns/{return_id}/withdrawal")
async def withdraw(
    request: Request, who: Shopper, counter: WithForm, order_id: OrderId, return_id: ReturnId
) -> Response:
    own = await _own(counter, who, order_id)
    return await standing.withdraw(request, counter, own, return_id)


@router.post("/{order_id}/payment")
async def pay(request: Request, who: Shopper, counter: WithForm, order_id: OrderId) -> Response:
    return await standing.pay(request, counter, await _own(counter, who, order_id))


@router.get("/{order_id}/payment")
async def ask_bank(
    request: Request, who: Shopper, counter: AtCounter, order_id: OrderId
) -> Response:
    return await standing.ask_bank(request, counter, await _own(counter, who, order_id))


@router.get("/{order_id}/payment/return")
async def come_back(
    request: Request, who: Shopper, counter: AtCounter, order_id: OrderId
) -> Response:
    return await standing.come_back(request, counter, await _own(counter, who, order_id))

"""A customer's own order: how it stands, its parcels and papers, sending goods back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from bodega.backbone.http.deps import provided
from bodega.contracts.aftersales import (
    AfterSales,
    CancelOrder,
    RequestReturn,
    ReturnLine,
    ReturnView,
)
from bodega.contracts.orders import OrderLine, Orders, OrderView
from bodega.kernel.errors import BodegaError, NotFound
from bodega.kernel.ids import DocumentId, OperationId, OrderId, ReturnId, UserId
from bodega.kernel.principal import Principal
from bodega.web.access import Shopper
from bodega.web.forms import Posted, PostedForm
from bodega.web.pages import redirect, render

router = APIRouter(prefix="/account/orders", include_in_schema=False)
REASONS = ("Does not fit", "Not as described", "Arrived damaged", "Changed my mind")


@dataclass(frozen=True, slots=True)
class Counter:
    """Whom the pages about an order ask."""

    orders: Annotated[Orders, provided(Orders)]
    after: Annotated[AfterSales, provided(AfterSales)]

    async def own(self, order_id: OrderId, who: Principal) -> OrderView:
        """Raises NotFound for somebody else's, too."""
        order = await self.orders.order(order_id)
        if order is None or order.customer_id != who.id:
            raise NotFound("There is no such order")
        return order


@dataclass(frozen=True, slots=True)
class Filled(Counter):
    """The same, with the form that was sent."""

    form: Posted


AtCounter = Annotated[Counter, Depends(Counter)]
WithForm = Annotated[Filled, Depends(Filled)]


@router.get("/{order_id}")
async def show_order(
    request: Request, who: Shopper, counter: AtCounter, order_id: OrderId
) -> Response:
    return await _page(request, counter, await counter.own(order_id, who))


@router.get("/{order_id}/documents/{document_id}")
async def show_document(
    request: Request, who: Shopper, counter: AtCounter, order_id: OrderId, document_id: DocumentId
) -> Response:
    order = await counter.own(order_id, who)
    return paper(await counter.after.paper(order.id, document_id))


@router.post("/{order_id}/cancellation")
async def cancel(request: Request, who: Shopper, counter: WithForm, order_id: OrderId) -> Response:
    order = await counter.own(order_id, who)
    try:
        done = await counter.after.cancel(
            id=OperationId(counter.form.command_id("cancel")),
            order_id=order.id,
            request=CancelOrder(reason="cancelled by the customer"),
            actor=who.label,
        )
    except BodegaError as error:
        return await _page(request, counter, order, error)
    flash = "order-cancelled" if done.state == "done" else "order-later"
    return redirect(request, f"/account/orders/{order.id}", flash=flash)


@router.post("/{order_id}/returns")
async def request_return(
    request: Request, who: Shopper, counter: WithForm, order_id: OrderId
) -> Response:
    order = await counter.own(order_id, who)
    assert who.id is not None
    lines = _wanted(order, counter.form)
    if not lines:
        return redirect(request, f"/account/orders/{order.id}")
    try:
        await counter.after.request_return(
            command_id=counter.form.command_id("return"),
            order_id=order.id,
            request=RequestReturn(lines=lines, note=counter.form.text("note")[:1000]),
            customer_id=UserId(who.id),
        )
    except BodegaError as error:
        return await _page(request, counter, order, error)
    return redirect(request, f"/account/orders/{order.id}", flash="return-requested")


@router.post("/{order_id}/returns/{return_id}/withdrawal")
async def withdraw(
    request: Request,
    who: Shopper,
    counter: WithForm,
    order_id: OrderId,
    return_id: ReturnId,
) -> Response:
    order = await counter.own(order_id, who)
    assert who.id is not None
    try:
        await counter.after.withdraw_return(
            command_id=counter.form.command_id("withdraw"),
            return_id=return_id,
            customer_id=UserId(who.id),
        )
    except BodegaError as error:
        return await _page(request, counter, order, error)
    return redirect(request, f"/account/orders/{order.id}", flash="return-withdrawn")


def paper(pdf: bytes | None) -> Response:
    if pdf is None:
        raise NotFound("There is no such document")
    headers = {"cache-control": "private, no-store"}
    return Response(pdf, media_type="application/pdf", headers=headers)


def _wanted(order: OrderView, form: PostedForm) -> list[ReturnLine]:
    reason = form.text("reason")
    return [
        ReturnLine(
            line_id=line.id,
            quantity=min(form.number(f"units-{line.id}"), line.quantity),
            reason=reason if reason in REASONS else REASONS[-1],
        )
        for line in order.lines
        if line.id is not None
        and form.text(f"units-{line.id}") not in ("", "0")
        and form.number(f"units-{line.id}") > 0
    ]


def returnable(order: OrderView, returns: Sequence[ReturnView]) -> list[tuple[OrderLine, int]]:
    """Lines of which units were sent, and how many of them nobody sends back yet."""
    under_way: dict[object, int] = {}
    for item in returns:
        if item.status in ("requested", "approved", "received"):
            for asked in item.lines:
                under_way[asked.line_id] = under_way.get(asked.line_id, 0) + asked.quantity
    return [
        (line, left)
        for line in order.lines
        if line.kind == "product"
        and (left := line.fulfilled - line.returned - under_way.get(line.id, 0)) > 0
    ]


async def _page(
    request: Request, counter: Counter, order: OrderView, refused: BodegaError | None = None
) -> Response:
    returns = await counter.after.returns_of(order.id)
    return render(
        request,
        "storefront/order.html",
        status=refused.status if refused else 200,
        order=order,
        shipments=await counter.after.shipments(order.id),
        documents=await counter.after.documents(order.id),
        returns=returns,
        returnable=returnable(order, returns),
        reasons=REASONS,
        refused=refused,
    )

"""An order on its buyer's page, whether they have an account or not: what they may do with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Request
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
from bodega.kernel.ids import OperationId, ReturnId
from bodega.web.forms import Posted, PostedForm
from bodega.web.pages import redirect, render

REASONS = ("Does not fit", "Not as described", "Arrived damaged", "Changed my mind")


@dataclass(frozen=True, slots=True)
class Counter:
    """Whom the pages about an order ask."""

    orders: Annotated[Orders, provided(Orders)]
    after: Annotated[AfterSales, provided(AfterSales)]


@dataclass(frozen=True, slots=True)
class Filled(Counter):
    """The same, with the form that was sent."""

    form: Posted


@dataclass(frozen=True, slots=True)
class Standing:
    """A buyer before their own order. `at` is where its page is."""

    order: OrderView
    at: str

    @property
    def label(self) -> str:
        customer = self.order.customer_id
        return f"customer:{customer}" if customer else "guest"


async def cancel(request: Request, counter: Filled, own: Standing) -> Response:
    try:
        done = await counter.after.cancel(
            id=OperationId(counter.form.command_id("cancel")),
            order_id=own.order.id,
            request=CancelOrder(reason="cancelled by the customer"),
            actor=own.label,
        )
    except BodegaError as error:
        return await page(request, counter, own, error)
    flash = "order-cancelled" if done.state == "done" else "order-later"
    return redirect(request, own.at, flash=flash)


async def request_return(request: Request, counter: Filled, own: Standing) -> Response:
    lines = _wanted(own.order, counter.form)
    if not lines:
        return redirect(request, own.at)
    try:
        await counter.after.request_return(
            command_id=counter.form.command_id("return"),
            order_id=own.order.id,
            request=RequestReturn(lines=lines, note=counter.form.text("note")[:1000]),
            customer_id=own.order.customer_id,
            guest=own.order.customer_id is None,
        )
    except BodegaError as error:
        return await page(request, counter, own, error)
    return redirect(request, own.at, flash="return-requested")


async def withdraw(
    request: Request, counter: Filled, own: Standing, return_id: ReturnId
) -> Response:
    try:
        found = await counter.after.return_request(return_id)
        if found is None or found.order_id != own.order.id:
            raise NotFound("There is no such return")
        await counter.after.withdraw_return(
            command_id=counter.form.command_id("withdraw"),
            return_id=return_id,
            customer_id=own.order.customer_id,
        )
    except BodegaError as error:
        return await page(request, counter, own, error)
    return redirect(request, own.at, flash="return-withdrawn")


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


async def page(
    request: Request, counter: Counter, own: Standing, refused: BodegaError | None = None
) -> Response:
    order = own.order
    returns = await counter.after.returns_of(order.id)
    return render(
        request,
        "storefront/order.html",
        status=refused.status if refused else 200,
        order=order,
        at=own.at,
        shipments=await counter.after.shipments(order.id),
        documents=await counter.after.documents(order.id),
        returns=returns,
        returnable=returnable(order, returns),
        reasons=REASONS,
        refused=refused,
    )

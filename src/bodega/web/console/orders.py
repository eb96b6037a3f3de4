"""Orders in the console: finding them, sending parcels, giving money back, taking returns."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from bodega.backbone.http.deps import PageQuery
from bodega.contracts.aftersales import (
    CancelOrder,
    InspectedLine,
    LineQuantity,
    OperationView,
    RefundLine,
    RefundOrder,
    SettleReturn,
    ShipOrder,
    TrackShipment,
)
from bodega.contracts.orders import OrderSearch, OrderStatus, OrderView
from bodega.kernel.errors import BodegaError, Conflict, NotFound
from bodega.kernel.ids import DocumentId, OperationId, OrderId, ReturnId, ShipmentId
from bodega.kernel.money import Money
from bodega.web.access import ConsoleStaff
from bodega.web.amounts import typed_money
from bodega.web.forms import FormMangled, PostedForm
from bodega.web.pages import redirect, render
from bodega.web.storefront.orders import AtCounter, Counter, WithForm, paper


class ChangeRefused(Conflict):
    code = "change_refused"
    title = "It could not be done, and nothing has changed"


router = APIRouter(prefix="/console/orders", include_in_schema=False)
Perform = Callable[[], Awaitable[OperationView | object]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What stands in the search form."""

    q: Annotated[str, Query(max_length=200)] = ""
    status: OrderStatus | Literal[""] = ""


@router.get("")
async def list_orders(
    request: Request,
    who: ConsoleStaff,
    counter: AtCounter,
    page: PageQuery,
    wanted: Annotated[Wanted, Depends(Wanted)],
) -> Response:
    search = OrderSearch(q=wanted.q or None, status=wanted.status or None)
    found = await counter.orders.search(page, search)
    asked = urlencode({"q": wanted.q, "status": wanted.status})
    return render(request, "console/orders.html", found=found, wanted=wanted, asked=asked)


@router.get("/{order_id}")
async def show_order(
    request: Request, who: ConsoleStaff, counter: AtCounter, order_id: OrderId
) -> Response:
    return await _page(request, counter, await _order(counter, order_id))


@router.get("/{order_id}/documents/{document_id}")
async def show_document(
    request: Request,
    who: ConsoleStaff,
    counter: AtCounter,
    order_id: OrderId,
    document_id: DocumentId,
) -> Response:
    return paper(await counter.after.paper(order_id, document_id))


@router.post("/{order_id}/shipments")
async def ship(
    request: Request, who: ConsoleStaff, counter: WithForm, order_id: OrderId
) -> Response:
    order = await _order(counter, order_id)

    async def send() -> OperationView:
        return await counter.after.ship(
            id=OperationId(counter.form.command_id("ship")),
            order_id=order_id,
            request=ShipOrder(
                lines=_units(order, counter.form),
                carrier=counter.form.text("carrier")[:80] or None,
                tracking_number=counter.form.text("tracking_number")[:80] or None,
            ),
            actor=who.label,
        )

    return await _done(request, counter, order, send, flash="order-sent")


@router.post("/{order_id}/shipments/{shipment_id}")
async def track(
    request: Request,
    who: ConsoleStaff,
    counter: WithForm,
    order_id: OrderId,
    shipment_id: ShipmentId,
) -> Response:
    async def tell() -> object:
        return await counter.after.track(
            command_id=counter.form.command_id("track"),
            shipment_id=shipment_id,
            request=TrackShipment.model_validate(
                {"step": counter.form.text("step"), "note": counter.form.text("note")[:1000]}
            ),
            actor=who.label,
        )

    order = await _order(counter, order_id)
    return await _done(request, counter, order, tell, flash="order-tracked")


@router.post("/{order_id}/refunds")
async def refund(
    request: Request, who: ConsoleStaff, counter: WithForm, order_id: OrderId
) -> Response:
    order = await _order(counter, order_id)

    async def give_back() -> OperationView:
        return await counter.after.refund(
            id=OperationId(counter.form.command_id("refund")),
            order_id=order_id,
            request=RefundOrder(
                lines=_amounts(order, counter.form), reason=counter.form.text("reason")[:500]
            ),
            actor=who.label,
        )

    return await _done(request, counter, order, give_back, flash="order-refunded")


@router.post("/{order_id}/cancellation")
async def cancel(
    request: Request, who: ConsoleStaff, counter: WithForm, order_id: OrderId
) -> Response:
    order = await _order(counter, order_id)

    async def undo() -> OperationView:
        return await counter.after.cancel(
            id=OperationId(counter.form.command_id("cancel")),
            order_id=order_id,
            request=CancelOrder(reason=counter.form.text("reason")[:500]),
            actor=who.label,
        )

    return await _done(request, counter, order, undo, flash="order-cancelled")


@router.post("/{order_id}/returns/{return_id}")
async def handle_return(
    request: Request,
    who: ConsoleStaff,
    counter: WithForm,
    order_id: OrderId,
    return_id: ReturnId,
) -> Response:
    """`decision` says what: approve, decline, received, settle."""
    order = await _order(counter, order_id)
    decision = counter.form.text("decision")

    async def decide() -> object:
        if decision == "settle":
            return await _settle(counter, counter.form, return_id, who.label)
        if decision == "received":
            return await counter.after.receive_return(
                command_id=counter.form.command_id("receive"),
                return_id=return_id,
                received={},
                actor=who.label,
            )
        return await counter.after.decide_return(
            command_id=counter.form.command_id("decide"),
            return_id=return_id,
            approve=decision == "approve",
            note=counter.form.text("note")[:1000],
            actor=who.label,
        )

    return await _done(request, counter, order, decide, flash="return-handled")


async def _settle(
    counter: Counter, form: PostedForm, return_id: ReturnId, actor: str
) -> OperationView:
    found = await counter.after.return_request(return_id)
    if found is None:
        raise NotFound("There is no such return")
    lines = []
    for line in found.lines:
        if line.received:
            off = form.number(f"off-{line.line_id}") if form.text(f"off-{line.line_id}") else 0
            lines.append(
                InspectedLine(line_id=line.line_id, restock=line.received - off, write_off=off)
            )
    return await counter.after.settle_return(
        id=OperationId(form.command_id("settle")),
        return_id=return_id,
        request=SettleReturn(lines=lines, note=form.text("note")[:1000]),
        actor=actor,
    )


def _units(order: OrderView, form: PostedForm) -> list[LineQuantity]:
    """The chosen units; none chosen means all that is promised at one place."""
    return [
        LineQuantity(line_id=line.id, quantity=form.number(f"units-{line.id}"))
        for line in order.lines
        if line.id is not None and form.text(f"units-{line.id}") not in ("", "0")
    ]


def _amounts(order: OrderView, form: PostedForm) -> list[RefundLine]:
    found: list[tuple[object, Money]] = [
        (line.id, typed_money(form.text(f"amount-{line.id}"), order.total.currency))
        for line in order.lines
        if form.text(f"amount-{line.id}")
    ]
    return [RefundLine.model_validate({"line_id": id, "amount": money}) for id, money in found]


async def _order(counter: Counter, order_id: OrderId) -> OrderView:
    order = await counter.orders.order(order_id)
    if order is None:
        raise NotFound("There is no such order")
    return order


async def _done(
    request: Request, counter: Counter, order: OrderView, perform: Perform, *, flash: str
) -> Response:
    """Back to the order; what stood in the way is said on its page."""
    try:
        outcome = await perform()
    except ValidationError as error:
        return await _page(request, counter, order, FormMangled(error.errors()[0]["msg"]))
    except BodegaError as error:
        return await _page(request, counter, order, error)
    if isinstance(outcome, OperationView) and outcome.state == "failed":
        said = ChangeRefused(outcome.failure_detail or outcome.failure_code or "")
        return await _page(request, counter, order, said)
    running = isinstance(outcome, OperationView) and outcome.state != "done"
    at = f"/console/orders/{order.id}"
    return redirect(request, at, flash="order-later" if running else flash)


async def _page(
    request: Request, counter: Counter, order: OrderView, refused: BodegaError | None = None
) -> Response:
    return render(
        request,
        "console/order.html",
        status=refused.status if refused else 200,
        order=order,
        shipments=await counter.after.shipments(order.id),
        documents=await counter.after.documents(order.id),
        returns=await counter.after.returns_of(order.id),
        operations=await counter.after.operations(order.id),
        history=await counter.orders.history(order.id),
        refused=refused,
    )

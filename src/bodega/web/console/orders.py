"""Orders in the console: finding them, sending parcels, giving money back."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response, StreamingResponse

from bodega.backbone.http.deps import PageQuery
from bodega.backbone.http.streams import begun
from bodega.contracts.aftersales import (
    CancelOrder,
    CancelRest,
    LineQuantity,
    OperationView,
    RefundLine,
    RefundOrder,
    RestLine,
    ShipmentView,
    ShipOrder,
    TrackShipment,
)
from bodega.contracts.orders import OrderSearch, OrderStatus, OrderView
from bodega.kernel.ids import (
    CommandId,
    DocumentId,
    LocationId,
    OperationId,
    OrderId,
    OrderLineId,
    ShipmentId,
)
from bodega.web.access import ConsoleStaff
from bodega.web.amounts import money_in
from bodega.web.console.doing import Sent
from bodega.web.console.order_page import AtDesk, change_order, order_page
from bodega.web.forms import FieldOdd, FormMangled, PostedForm
from bodega.web.pages import paper, render

router = APIRouter(prefix="/console/orders", include_in_schema=False)
_MEDIA = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}
Day = Annotated[str, Query(pattern=r"^(\d{4}-\d{2}-\d{2})?$")]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What stands in the search form."""

    q: Annotated[str, Query(max_length=200)] = ""
    status: OrderStatus | Literal[""] = ""
    since: Day = ""
    until: Day = ""

    @property
    def search(self) -> OrderSearch:
        return OrderSearch(
            q=self.q or None,
            status=self.status or None,
            since=_day("since", self.since),
            until=_day("until", self.until),
        )

    @property
    def address(self) -> str:
        """As a query string, without what is empty."""
        asked = {"q": self.q, "status": self.status, "since": self.since, "until": self.until}
        return urlencode({name: value for name, value in asked.items() if value})


Asked = Annotated[Wanted, Depends(Wanted)]


@router.get("")
async def list_orders(
    request: Request, who: ConsoleStaff, desk: AtDesk, page: PageQuery, wanted: Asked
) -> Response:
    return render(
        request,
        "console/orders.html",
        found=await desk.orders.search(page, wanted.search),
        wanted=wanted,
        statuses=get_args(OrderStatus),
    )


@router.get("/export")
async def export(
    who: ConsoleStaff, desk: AtDesk, wanted: Asked, format: Literal["csv", "ndjson"] = "csv"
) -> Response:
    """All that match, as a stream."""
    headers = {
        "content-disposition": f'attachment; filename="orders.{format}"',
        "cache-control": "private, no-store",
    }
    found = await begun(desk.orders.export(wanted.search, format=format))
    return StreamingResponse(found, media_type=_MEDIA[format], headers=headers)


@router.get("/{order_id}")
async def show_order(
    request: Request, who: ConsoleStaff, desk: AtDesk, order_id: OrderId
) -> Response:
    return await order_page(request, desk, await desk.order(order_id))


@router.get("/{order_id}/documents/{document_id}")
async def show_document(
    who: ConsoleStaff, desk: AtDesk, order_id: OrderId, document_id: DocumentId
) -> Response:
    return paper(await desk.after.paper(order_id, document_id))


@router.post("/{order_id}/shipments")
async def ship(request: Request, sent: Sent, desk: AtDesk, order_id: OrderId) -> Response:
    order = await desk.order(order_id)

    async def send() -> OperationView:
        place = sent.form.text("location_id")
        return await desk.after.ship(
            id=OperationId(sent.form.command_id("ship")),
            order_id=order_id,
            request=ShipOrder(
                location_id=LocationId(sent.form.uuid("location_id")) if place else None,
                lines=_units(order, sent.form),
                carrier=sent.form.text("carrier")[:80] or None,
                tracking_number=sent.form.text("tracking_number")[:80] or None,
            ),
            actor=sent.who.label,
        )

    return await change_order(request, desk, order_id, send, flash="order-sent")


@router.post("/{order_id}/shipments/{shipment_id}")
async def track(
    request: Request, sent: Sent, desk: AtDesk, order_id: OrderId, shipment_id: ShipmentId
) -> Response:
    async def tell() -> ShipmentView:
        step = {
            "step": sent.form.text("step"),
            "note": sent.form.text("note")[:1000],
            "place": sent.form.text("place")[:1000],
        }
        return await desk.after.track(
            command_id=sent.form.command_id("track"),
            shipment_id=shipment_id,
            request=TrackShipment.model_validate(step),
            actor=sent.who.label,
        )

    return await change_order(request, desk, order_id, tell, flash="order-tracked")


@router.post("/{order_id}/refunds")
async def refund(request: Request, sent: Sent, desk: AtDesk, order_id: OrderId) -> Response:
    order = await desk.order(order_id)

    async def give_back() -> OperationView:
        lines = _amounts(order, sent.form)
        if not lines:
            raise FormMangled("Enter of at least one line how much goes back")
        return await desk.after.refund(
            id=OperationId(sent.form.command_id("refund")),
            order_id=order_id,
            request=RefundOrder(lines=lines, reason=sent.form.text("reason")[:500]),
            actor=sent.who.label,
        )

    return await change_order(request, desk, order_id, give_back, flash="order-refunded")


@router.post("/{order_id}/cancellation")
async def cancel(request: Request, sent: Sent, desk: AtDesk, order_id: OrderId) -> Response:
    async def undo() -> OperationView:
        return await desk.after.cancel(
            id=OperationId(sent.form.command_id("cancel")),
            order_id=order_id,
            request=CancelOrder(reason=sent.form.text("reason")[:500]),
            actor=sent.who.label,
        )

    return await change_order(request, desk, order_id, undo, flash="order-cancelled")


@router.post("/{order_id}/rest-cancellation")
async def cancel_rest(request: Request, sent: Sent, desk: AtDesk, order_id: OrderId) -> Response:
    async def drop() -> OperationView:
        return await desk.after.cancel_rest(
            id=OperationId(sent.form.command_id("cancel rest")),
            order_id=order_id,
            request=CancelRest(
                lines=_dropped(await desk.order(order_id), sent.form),
                reason=sent.form.text("reason")[:500],
            ),
            actor=sent.who.label,
        )

    return await change_order(request, desk, order_id, drop, flash="order-rest-cancelled")


@router.post("/{order_id}/operations/{operation_id}")
async def go_on(
    request: Request, sent: Sent, desk: AtDesk, order_id: OrderId, operation_id: OperationId
) -> Response:
    """A change that gave back a part of the money, or waits for its buyer: try the rest again, or
    give it up."""
    command = CommandId(sent.form.command_id("go on"))

    async def decide() -> OperationView | None:
        if sent.form.one_of("decision", "retry", "give_up") == "give_up":
            await desk.after.give_up(
                operation_id,
                command_id=command,
                reason=sent.form.text("reason")[:500] or "given up",
                actor=sent.who.label,
            )
            return None
        return await desk.after.retry(operation_id, command_id=command, actor=sent.who.label)

    return await change_order(request, desk, order_id, decide, flash="saved-now")


def _units(order: OrderView, form: PostedForm) -> list[LineQuantity]:
    """The chosen units; none chosen means all that is promised at one place."""
    found: list[tuple[OrderLineId, int]] = [
        (line.id, form.whole(f"units-{line.id}") or 0) for line in order.lines if line.id
    ]
    return [LineQuantity(line_id=id, quantity=units) for id, units in found if units]


def _dropped(order: OrderView, form: PostedForm) -> list[RestLine]:
    found = [
        RestLine(
            line_id=line.id,
            quantity=units,
            amount=money_in(form, f"back-{line.id}", order.total.currency),
        )
        for line in order.lines
        if line.id and (units := form.whole(f"drop-{line.id}") or 0)
    ]
    if not found:
        raise FormMangled("Enter of at least one line how many units are not sent")
    return found


def _amounts(order: OrderView, form: PostedForm) -> list[RefundLine]:
    found = [
        (line.id, money_in(form, f"amount-{line.id}", order.total.currency))
        for line in order.lines
        if line.id
    ]
    return [RefundLine(line_id=id, amount=money) for id, money in found if money is not None]


def _day(name: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise FieldOdd(name, "Enter a day such as 2026-12-24") from error

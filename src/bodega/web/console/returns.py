"""Returns in the console: the queue, opening one for a customer, and each step of it."""

from collections.abc import Mapping
from typing import Annotated, Literal, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from bodega.backbone.http.deps import PageQuery
from bodega.contracts.aftersales import (
    InspectedLine,
    OperationView,
    RequestReturn,
    ReturnLine,
    ReturnStatus,
    ReturnView,
    SettleReturn,
)
from bodega.contracts.orders import OrderView
from bodega.kernel.errors import NotFound
from bodega.kernel.ids import OperationId, OrderId, OrderLineId, ReturnId
from bodega.web.access import ConsoleStaff
from bodega.web.amounts import money_in
from bodega.web.console.doing import Refused, Sent, StaffForm
from bodega.web.console.order_page import (
    AtDesk,
    OrderDesk,
    asks_buyer,
    carry_out,
    change_order,
    token_in,
)
from bodega.web.console.skus import named_skus
from bodega.web.forms import FieldOdd, FormMangled
from bodega.web.pages import redirect, render
from bodega.web.storefront.sending_back import REASONS, left_to_return

queue = APIRouter(prefix="/console/returns", include_in_schema=False)
router = APIRouter(prefix="/console/orders/{order_id}/returns", include_in_schema=False)

OPEN: tuple[ReturnStatus, ...] = ("requested", "approved", "received")


@queue.get("")
async def list_returns(
    request: Request,
    who: ConsoleStaff,
    desk: AtDesk,
    page: PageQuery,
    status: Annotated[ReturnStatus | Literal[""], Query()] = "",
) -> Response:
    """Newest first; what waits for staff is a status away."""
    found = await desk.after.returns(page, status=status or None)
    return render(
        request,
        "console/returns.html",
        found=found,
        stuck=[pair for item in found.items for pair in await _stuck(desk, item)],
        chosen=status,
        statuses=get_args(ReturnStatus),
        asked=urlencode({"status": status}) if status else "",
    )


async def _stuck(desk: OrderDesk, item: ReturnView) -> list[tuple[ReturnView, OperationView]]:
    """Its settlement, where it was done in part: only goods that arrived are settled."""
    if item.status != "received":
        return []
    return [
        (item, operation)
        for operation in await desk.after.operations(item.order_id)
        if operation.state == "partial" and operation.reference == item.id
    ]


@router.get("/new")
async def show_new(
    request: Request, who: ConsoleStaff, desk: AtDesk, order_id: OrderId
) -> Response:
    return await _new(request, desk, await desk.order(order_id), {})


@router.post("")
async def open_return(request: Request, sent: Sent, desk: AtDesk, order_id: OrderId) -> Response:
    """For a customer, or a guest, and without a limit of time."""
    order = await desk.order(order_id)

    async def ask() -> ReturnView:
        lines = await _wanted(desk, order, sent)
        if not lines:
            raise FormMangled("Say of at least one line how many units come back")
        asked = RequestReturn(lines=lines, note=sent.form.text("note")[:1000])
        return await desk.after.request_return(
            command_id=sent.form.command_id("return"),
            order_id=order_id,
            request=asked,
            customer_id=None,
        )

    outcome = await carry_out(ask)
    if isinstance(outcome, Refused):
        return await _new(request, desk, order, sent.form.typed(), outcome)
    return redirect(request, f"/console/orders/{order_id}", flash="return-opened")


@router.post("/{return_id}")
async def handle(
    request: Request, sent: Sent, desk: AtDesk, order_id: OrderId, return_id: ReturnId
) -> Response:
    """`decision` says what: approve, decline, received, settle."""

    async def decide() -> object:
        decision = sent.form.one_of("decision", "approve", "decline", "received", "settle")
        found = await _known(desk, order_id, return_id)
        if decision == "settle":
            currency = (await desk.order(order_id)).total.currency
            return await _settle(desk, found, sent, currency)
        if decision == "received":
            return await _receive(desk, found, sent)
        return await desk.after.decide_return(
            command_id=sent.form.command_id("decide"),
            return_id=return_id,
            approve=decision == "approve",
            note=sent.form.text("note")[:1000],
            actor=sent.who.label,
        )

    return await change_order(request, desk, order_id, decide, flash="return-handled")


async def _known(desk: OrderDesk, order_id: OrderId, return_id: ReturnId) -> ReturnView:
    found = await desk.after.return_request(return_id)
    if found is None or found.order_id != order_id:
        raise NotFound("There is no such return")
    return found


async def _receive(desk: OrderDesk, found: ReturnView, sent: StaffForm) -> ReturnView:
    """Lines whose field was left alone arrived completely."""
    arrived: dict[OrderLineId, int] = {}
    for line in found.lines:
        units = sent.form.whole(f"arrived-{line.line_id}")
        if units is not None:
            arrived[line.line_id] = units
    return await desk.after.receive_return(
        command_id=sent.form.command_id("receive"),
        return_id=found.id,
        received=arrived,
        actor=sent.who.label,
    )


async def _settle(
    desk: OrderDesk, found: ReturnView, sent: StaffForm, currency: str
) -> OperationView:
    form = sent.form
    lines = []
    for line in found.lines:
        if not line.received:
            continue
        off = form.whole(f"off-{line.line_id}") or 0
        if not 0 <= off <= line.received:
            raise FieldOdd(f"off-{line.line_id}", f"Enter a number from 0 to {line.received}")
        amount = money_in(form, f"back-{line.line_id}", currency)
        lines.append(
            InspectedLine(
                line_id=line.line_id, restock=line.received - off, write_off=off, amount=amount
            )
        )
    return await desk.after.settle_return(
        id=OperationId(form.command_id("settle")),
        return_id=found.id,
        request=SettleReturn(
            lines=lines,
            note=form.text("note")[:1000],
            payment_token=token_in(form),
            ask_buyer=asks_buyer(form),
            exchange=not form.text("no_exchange"),
        ),
        actor=sent.who.label,
    )


async def _wanted(desk: OrderDesk, order: OrderView, sent: StaffForm) -> list[ReturnLine]:
    found = []
    for line in order.lines:
        units = sent.form.whole(f"units-{line.id}") or 0
        if line.id is None or not units:
            continue
        exchange = await named_skus(desk.goods, sent.form, f"exchange-{line.id}")
        if len(exchange) > 1:
            raise FieldOdd(f"exchange-{line.id}", "Name one SKU")
        found.append(
            ReturnLine(
                line_id=line.id,
                quantity=units,
                reason=sent.form.text("reason") or REASONS[-1],
                exchange_variant_id=exchange[0].id if exchange else None,
            )
        )
    return found


async def _new(
    request: Request,
    desk: OrderDesk,
    order: OrderView,
    entered: Mapping[str, str],
    refused: Refused | None = None,
) -> Response:
    return render(
        request,
        "console/return_new.html",
        status=refused.status if refused else 200,
        order=order,
        lines=left_to_return(order, await desk.after.returns_of(order.id)),
        reasons=[(reason, reason) for reason in REASONS],
        entered=entered,
        refused=refused,
    )

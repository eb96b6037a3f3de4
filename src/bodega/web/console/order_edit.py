"""Editing an order in the console, before anything of it was sent."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from bodega.contracts.aftersales import Addition, EditOrder, OperationView
from bodega.contracts.orders import OrderView
from bodega.kernel.address import Address
from bodega.kernel.errors import Conflict
from bodega.kernel.ids import OperationId, OrderId, OrderLineId
from bodega.web.access import ConsoleStaff
from bodega.web.console.doing import Refused, Sent
from bodega.web.console.order_page import (
    UNSENT,
    AtDesk,
    OrderDesk,
    asks_buyer,
    carry_out,
    token_in,
    ways_to_pay,
)
from bodega.web.console.skus import sku_lines, sku_rows
from bodega.web.formats import country_name
from bodega.web.forms import PostedForm
from bodega.web.pages import redirect, render
from bodega.web.regions import regions
from bodega.web.storefront.typed import ADDRESS

router = APIRouter(prefix="/console/orders", include_in_schema=False)
ADDED = 3
_DEARER = "It comes to cost more now: choose what to charge"


class OrderSent(Conflict):
    code = "order_not_editable"
    title = "Something of the order was sent already: take a return instead"


@router.get("/{order_id}/edit")
async def show_edit(
    request: Request, who: ConsoleStaff, desk: AtDesk, order_id: OrderId
) -> Response:
    order = await desk.order(order_id)
    if order.status not in UNSENT:
        raise OrderSent
    return await _page(request, desk, order, {})


@router.post("/{order_id}/edit")
async def edit(request: Request, sent: Sent, desk: AtDesk, order_id: OrderId) -> Response:
    """Quantities, further goods, another address; the difference in price is settled."""
    order = await desk.order(order_id)

    async def change() -> OperationView:
        return await desk.after.edit(
            id=OperationId(sent.form.command_id("edit")),
            order_id=order_id,
            request=await _changes(desk, order, sent.form),
            actor=sent.who.label,
        )

    outcome = await carry_out(change)
    if isinstance(outcome, Refused):
        if outcome.code == "payment_token_missing":
            outcome = Refused(_DEARER, outcome.status, fields={"payment_token": _DEARER})
        return await _page(request, desk, order, sent.form.typed(), outcome)
    flash = "order-later" if outcome == "later" else "order-edited"
    return redirect(request, f"/console/orders/{order_id}", flash=flash)


async def _changes(desk: OrderDesk, order: OrderView, form: PostedForm) -> EditOrder:
    """Only what differs from the order as it stands."""
    added = []
    if sku_rows(form):
        added = [
            Addition(variant_id=line.variant.id, quantity=line.units)
            for line in await sku_lines(desk.goods, form)
        ]
    return EditOrder(
        quantities=_quantities(order, form),
        additions=added,
        shipping_address=_address(order, form),
        payment_token=token_in(form),
        ask_buyer=asks_buyer(form),
        reason=form.text("reason")[:500],
    )


def _quantities(order: OrderView, form: PostedForm) -> dict[OrderLineId, int]:
    found: dict[OrderLineId, int] = {}
    for line in order.lines:
        wanted = form.whole(f"units-{line.id}")
        if line.id is not None and wanted is not None and wanted != line.quantity:
            found[line.id] = wanted
    return found


def _address(order: OrderView, form: PostedForm) -> Address | None:
    """None when it stays; the country always does."""
    standing = order.shipping_address
    if standing is None:
        return None
    typed: dict[str, Any] = {name: form.text(name) for name in ADDRESS if name != "country"}
    wanted = Address.model_validate({**typed, "country": standing.country})
    return None if wanted == standing else wanted


async def _page(
    request: Request,
    desk: OrderDesk,
    order: OrderView,
    entered: Mapping[str, str],
    refused: Refused | None = None,
) -> Response:
    standing = order.shipping_address.model_dump() if order.shipping_address else {}
    country = standing.get("country", "")
    return render(
        request,
        "console/order_edit.html",
        status=refused.status if refused else 200,
        order=order,
        entered={**standing, **entered},
        country=country_name(country, request.app.state.settings.locale),
        regions=regions(country),
        rows=ADDED,
        ways=await ways_to_pay(request, desk, order),
        refused=refused,
    )

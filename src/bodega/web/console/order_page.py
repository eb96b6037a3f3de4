"""An order's page in the console, and carrying out a change of it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from bodega.backbone.http.deps import provided
from bodega.contracts.aftersales import AfterSales, OperationView
from bodega.contracts.catalog import Catalog
from bodega.contracts.inventory import Inventory
from bodega.contracts.orders import Orders, OrderView
from bodega.contracts.payment_methods import PaymentMethods, SavedMethod
from bodega.kernel.errors import NotFound, Unavailable
from bodega.kernel.ids import OrderId
from bodega.web.console.doing import Refused, attempt
from bodega.web.forms import PostedForm
from bodega.web.pages import redirect, render
from bodega.web.storefront.till import TEST_CARDS, takes_test_cards

ASK_BUYER = "buyer"
UNSENT = ("paid", "allocated")
SENDABLE = (*UNSENT, "partially_fulfilled", "partially_delivered", "partially_returned")


@dataclass(frozen=True, slots=True)
class OrderDesk:
    """Whom the pages about an order ask."""

    orders: Annotated[Orders, provided(Orders)]
    after: Annotated[AfterSales, provided(AfterSales)]
    stock: Annotated[Inventory, provided(Inventory)]
    goods: Annotated[Catalog, provided(Catalog)]
    cards: Annotated[PaymentMethods, provided(PaymentMethods)]

    async def order(self, order_id: OrderId) -> OrderView:
        """Raises NotFound."""
        order = await self.orders.order(order_id)
        if order is None:
            raise NotFound("There is no such order")
        return order


AtDesk = Annotated[OrderDesk, Depends(OrderDesk)]
Perform = Callable[[], Awaitable[object]]


async def carry_out(perform: Perform) -> str | Refused:
    """`done`, `later` while an operation is still under way, or what stood in the way."""
    outcome = await attempt(perform)
    if isinstance(outcome, Refused):
        return outcome
    if not isinstance(outcome, OperationView) or outcome.state == "done":
        return "done"
    if outcome.state == "failed":
        said = outcome.failure_detail or outcome.failure_code or "It could not be done"
        return Refused(f"{said.rstrip('.')}. Nothing has changed.", 409)
    return "later"


async def change_order(
    request: Request, desk: OrderDesk, order_id: OrderId, perform: Perform, *, flash: str
) -> Response:
    """Back to the order; what stood in the way is said on its page."""
    order = await desk.order(order_id)
    outcome = await carry_out(perform)
    if isinstance(outcome, Refused):
        return await order_page(request, desk, order, refused=outcome)
    at = f"/console/orders/{order.id}"
    return redirect(request, at, flash="order-later" if outcome == "later" else flash)


async def order_page(
    request: Request, desk: OrderDesk, order: OrderView, *, refused: Refused | None = None
) -> Response:
    shipments, documents, returns, operations, history, places = await asyncio.gather(
        desk.after.shipments(order.id),
        desk.after.documents(order.id),
        desk.after.returns_of(order.id),
        desk.after.operations(order.id),
        desk.orders.history(order.id),
        desk.stock.locations(),
    )
    return render(
        request,
        "console/order.html",
        status=refused.status if refused else 200,
        order=order,
        shipments=shipments,
        documents=documents,
        returns=returns,
        operations=operations,
        history=history,
        places=places,
        sendable=order.status in SENDABLE,
        unsent=order.status in UNSENT,
        refused=refused,
        ways=await ways_to_pay(request, desk, order),
    )


def token_in(form: PostedForm) -> str | None:
    typed = form.text("payment_token")
    return typed if typed and typed != ASK_BUYER else None


def asks_buyer(form: PostedForm) -> bool:
    return form.text("payment_token") == ASK_BUYER


async def ways_to_pay(request: Request, desk: OrderDesk, order: OrderView) -> list[tuple[str, str]]:
    """(token, words): the buyer themselves, the cards they keep, the provider's test cards."""
    found = [(ASK_BUYER, "the buyer pays it on their order's page")]
    found += [(card.token, _card(card)) for card in await _kept(desk, order)]
    if takes_test_cards(request.app.state.settings):
        found += [(token, f"{name}, {outcome}") for token, name, outcome in TEST_CARDS]
    return found


async def _kept(desk: OrderDesk, order: OrderView) -> list[SavedMethod]:
    if order.customer_id is None:
        return []
    try:
        return await desk.cards.methods(order.customer_id)
    except Unavailable:
        return []


def _card(card: SavedMethod) -> str:
    return f"{(card.brand or 'card').capitalize()} ending {card.last4 or '????'}"

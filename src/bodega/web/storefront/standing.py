"""An order on its buyer's page, whether they have an account or not: what they may do with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Request
from pydantic import ValidationError
from starlette.responses import Response

from bodega.backbone.http.deps import provided
from bodega.contracts.aftersales import (
    AfterSales,
    CancelOrder,
    PayDifference,
    PaymentDue,
    RequestReturn,
    ReturnLine,
    ReturnView,
)
from bodega.contracts.orders import OrderLine, Orders, OrderView
from bodega.contracts.payment_methods import PaymentMethods, SavedMethod
from bodega.kernel.errors import BodegaError, Conflict, NotFound, Unavailable
from bodega.kernel.ids import OperationId, ReturnId
from bodega.web.forms import Posted, PostedForm
from bodega.web.pages import redirect, render
from bodega.web.storefront.till import SAVED, TEST_CARDS, takes_test_cards

_UNCHANGED = "Nothing was charged and your order is as it was; write to us to try it again."
REASONS = ("Does not fit", "Not as described", "Arrived damaged", "Changed my mind")


@dataclass(frozen=True, slots=True)
class Counter:
    """Whom the pages about an order ask."""

    orders: Annotated[Orders, provided(Orders)]
    after: Annotated[AfterSales, provided(AfterSales)]
    cards: Annotated[PaymentMethods, provided(PaymentMethods)]


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


async def pay(request: Request, counter: Filled, own: Standing) -> Response:
    """What a change of the order costs more; the bank may ask, on a page of its own."""
    back = f"{str(request.base_url).rstrip('/')}{own.at}/payment/return"
    try:
        asked = PayDifference(
            payment_token=counter.form.text("payment_token").removeprefix(SAVED), return_url=back
        )
        due = await counter.after.pay_due(own.order.id, asked)
    except ValidationError:
        return redirect(request, own.at)
    except BodegaError as error:
        return await page(request, counter, own, error)
    return await _after_payment(request, counter, own, due)


async def ask_bank(request: Request, counter: Counter, own: Standing) -> Response:
    """Sends the buyer on to the bank: a form's answer may not lead to another site."""
    due = await counter.after.payment_due(own.order.id)
    if due is None or urlsplit(due.action_url or "").scheme not in ("http", "https"):
        return redirect(request, own.at)
    back = f"{own.at}/payment/return"
    return render(request, "storefront/action.html", checkout=due, back=back)


async def come_back(request: Request, counter: Counter, own: Standing) -> Response:
    try:
        due = await counter.after.proceed_due(own.order.id)
    except NotFound:
        return redirect(request, own.at)
    return await _after_payment(request, counter, own, due)


async def _after_payment(
    request: Request, counter: Counter, own: Standing, due: PaymentDue
) -> Response:
    if due.state in ("failed", "undoing"):
        said = due.failure_detail or "The payment was refused"
        return await page(request, counter, own, Conflict(f"{said.rstrip('.')}. {_UNCHANGED}"))
    if due.action_url:
        return redirect(request, f"{own.at}/payment")
    return redirect(request, own.at, flash="order-edited" if due.state == "done" else "order-later")


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
        due=await counter.after.payment_due(order.id),
        saved_cards=await _saved(counter, order),
        test_cards=TEST_CARDS if takes_test_cards(request.app.state.settings) else (),
    )


async def _saved(counter: Counter, order: OrderView) -> list[SavedMethod]:
    """The buyer's cards; none of a guest, or while the provider does not answer."""
    if order.customer_id is None:
        return []
    try:
        return await counter.cards.methods(order.customer_id)
    except Unavailable:
        return []

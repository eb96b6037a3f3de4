"""What a buyer does with their own order: the same paths below a customer's order and a guest's.

Whoever includes these routes adds the dependency that finds the order and says whether it is the
visitor's, by `standing.admit`.
"""

from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import Response

from bodega.contracts.aftersales import (
    CancelOrder,
    PayDifference,
    PaymentDue,
    RequestReturn,
)
from bodega.kernel.errors import BodegaError, Conflict, NotFound
from bodega.kernel.ids import DocumentId, OperationId, ReturnId
from bodega.web.forms import Posted
from bodega.web.pages import paper, redirect, render
from bodega.web.storefront.sending_back import asked_back, returnable
from bodega.web.storefront.standing import AtCounter, Counter, Own, Standing, page
from bodega.web.storefront.till import SAVED

router = APIRouter()

_UNCHANGED = "Nothing was charged and your order is as it was; write to us to try it again."


@router.get("/documents/{document_id}")
async def show_document(own: Own, counter: AtCounter, document_id: DocumentId) -> Response:
    return paper(await counter.after.paper(own.order.id, document_id))


@router.post("/cancellation")
async def cancel(request: Request, own: Own, counter: AtCounter, form: Posted) -> Response:
    try:
        done = await counter.after.cancel(
            id=OperationId(form.command_id("cancel")),
            order_id=own.order.id,
            request=CancelOrder(reason="cancelled by the customer"),
            actor=own.label,
        )
    except BodegaError as error:
        return await page(request, counter, own, error)
    flash = "order-cancelled" if done.state == "done" else "order-later"
    return redirect(request, own.at, flash=flash)


@router.post("/returns")
async def request_return(request: Request, own: Own, counter: AtCounter, form: Posted) -> Response:
    returns = await counter.after.returns_of(own.order.id)
    lines = asked_back(form, await returnable(counter.catalog, own.order, returns))
    if not lines:
        return redirect(request, own.at)
    try:
        await counter.after.request_return(
            command_id=form.command_id("return"),
            order_id=own.order.id,
            request=RequestReturn(lines=lines, note=form.text("note")[:1000]),
            customer_id=own.order.customer_id,
            guest=own.order.customer_id is None,
        )
    except BodegaError as error:
        return await page(request, counter, own, error)
    return redirect(request, own.at, flash="return-requested")


@router.post("/returns/{return_id}/withdrawal")
async def withdraw(
    request: Request, own: Own, counter: AtCounter, form: Posted, return_id: ReturnId
) -> Response:
    try:
        found = await counter.after.return_request(return_id)
        if found is None or found.order_id != own.order.id:
            raise NotFound("There is no such return")
        await counter.after.withdraw_return(
            command_id=form.command_id("withdraw"),
            return_id=return_id,
            customer_id=own.order.customer_id,
        )
    except BodegaError as error:
        return await page(request, counter, own, error)
    return redirect(request, own.at, flash="return-withdrawn")


@router.post("/payment")
async def pay(request: Request, own: Own, counter: AtCounter, form: Posted) -> Response:
    """What a change of the order costs more; the bank may ask, on a page of its own."""
    back = f"{str(request.base_url).rstrip('/')}{own.at}/payment/return"
    try:
        asked = PayDifference(
            payment_token=form.text("payment_token").removeprefix(SAVED), return_url=back
        )
        due = await counter.after.pay_due(
            own.order.id, asked, command_id=form.command_id("payment")
        )
    except ValidationError:
        return redirect(request, own.at)
    except BodegaError as error:
        return await page(request, counter, own, error)
    return await _after_payment(request, own, counter, due)


@router.post("/payment/cancellation")
async def leave(request: Request, own: Own, counter: AtCounter, form: Posted) -> Response:
    """The buyer does not pay it: the order stays as it is."""
    try:
        await counter.after.leave_due(
            own.order.id, command_id=form.command_id("leave"), actor=own.label
        )
    except NotFound:
        return redirect(request, own.at)
    except BodegaError as error:
        return await page(request, counter, own, error)
    return redirect(request, own.at, flash="change-left")


@router.get("/payment")
async def ask_bank(request: Request, own: Own, counter: AtCounter) -> Response:
    """Sends the buyer on to the bank: a form's answer may not lead to another site."""
    due = await counter.after.payment_due(own.order.id)
    if due is None or urlsplit(due.action_url or "").scheme not in ("http", "https"):
        return redirect(request, own.at)
    back = f"{own.at}/payment/return"
    return render(request, "storefront/action.html", checkout=due, back=back)


@router.get("/payment/return")
async def come_back(request: Request, own: Own, counter: AtCounter) -> Response:
    """Whoever has not confirmed is not sent back: the order's page leads there, or takes another
    card."""
    try:
        due = await counter.after.proceed_due(own.order.id)
    except NotFound:
        return redirect(request, own.at)
    if due.action_url:
        return redirect(request, own.at)
    return await _after_payment(request, own, counter, due)


async def _after_payment(
    request: Request, own: Standing, counter: Counter, due: PaymentDue
) -> Response:
    if due.declined is not None:
        return redirect(request, own.at)  # the page says so, and takes another card
    if due.state in ("failed", "undoing"):
        said = due.failure_detail or "The payment was refused"
        return await page(request, counter, own, Conflict(f"{said.rstrip('.')}. {_UNCHANGED}"))
    if due.action_url:
        return redirect(request, f"{own.at}/payment")
    return redirect(request, own.at, flash="order-edited" if due.state == "done" else "order-later")

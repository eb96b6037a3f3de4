"""A guest's order: found by its number and e-mail or by the link in the confirmation.

Either leaves a pass in a cookie, which opens the whole page: papers, returns, the address. Whoever
only has the order's unguessable address sees how it stands, without street, e-mail or papers.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from bodega.contracts.orders import OrderPass, OrderView
from bodega.kernel.errors import BodegaError, NotFound, TooMany
from bodega.kernel.ids import CheckoutId, DocumentId, ReturnId
from bodega.web.access import Visitor
from bodega.web.cookies import put_cookie, read_cookie
from bodega.web.forms import Posted
from bodega.web.pages import redirect, render
from bodega.web.storefront import standing
from bodega.web.storefront.standing import Counter, Filled, Standing

router = APIRouter(prefix="/orders", include_in_schema=False)
AtCounter = Annotated[Counter, Depends(Counter)]
WithForm = Annotated[Filled, Depends(Filled)]
MAX_NUMBER = 2**62
PASS_SECONDS = 2 * 3600


class NotFoundHere(NotFound):
    code = "guest_order_not_found"
    title = (
        "We found no order with this number and e-mail. Look at both once more; if you bought while"
        " signed in, it is in your account"
    )


class LinkOver(NotFound):
    code = "guest_order_link_over"
    title = "This link does not open an order, or not any more. Find it by number and e-mail"


@router.get("/find")
async def show_form(request: Request, who: Visitor) -> Response:
    return _form(request)


@router.post("/find")
async def find(request: Request, who: Visitor, form: Posted, counter: AtCounter) -> Response:
    number, email = form.text("number").lstrip("#"), form.text("email")
    address = request.client.host if request.client else "unknown"
    found = None
    try:
        if number.isdecimal() and int(number[:20]) < MAX_NUMBER and email:
            found = await counter.orders.look_up(
                number=int(number), email=email[:254], address=address
            )
    except TooMany as error:
        return _form(request, number, email, error)
    if found is None or found.checkout_id is None:
        return _form(request, number, email, NotFoundHere())
    return _open(request, found, await counter.orders.issue_pass(found.id))


@router.get("/open")
async def open_link(
    request: Request,
    who: Visitor,
    counter: AtCounter,
    opens: Annotated[str, Query(alias="pass", max_length=200)] = "",
) -> Response:
    """The link in the confirmation; the pass leaves the address at once."""
    order = await counter.orders.open_pass(opens)
    if order is None:
        return _form(request, refused=LinkOver())
    return _open(request, order, opens)


def _open(request: Request, order: OrderView, opens: OrderPass | str) -> Response:
    token = opens if isinstance(opens, str) else opens.token
    response = redirect(request, f"/orders/{order.checkout_id}")
    put_cookie(request, response, "order", token, seconds=PASS_SECONDS)
    return response


async def _own(request: Request, counter: Counter, checkout_id: CheckoutId) -> Standing:
    """What the cookie's pass opens. Raises NotFound for any other order."""
    opens = read_cookie(request, "order")
    order = await counter.orders.open_pass(opens) if opens else None
    if order is None or order.checkout_id != checkout_id:
        raise NotFound("There is no such order")
    return Standing(order, f"/orders/{checkout_id}")


@router.get("/{checkout_id}/documents/{document_id}")
async def show_document(
    request: Request,
    who: Visitor,
    counter: AtCounter,
    checkout_id: CheckoutId,
    document_id: DocumentId,
) -> Response:
    own = await _own(request, counter, checkout_id)
    return standing.paper(await counter.after.paper(own.order.id, document_id))


@router.post("/{checkout_id}/cancellation")
async def cancel(
    request: Request, who: Visitor, counter: WithForm, checkout_id: CheckoutId
) -> Response:
    return await standing.cancel(request, counter, await _own(request, counter, checkout_id))


@router.post("/{checkout_id}/returns")
async def request_return(
    request: Request, who: Visitor, counter: WithForm, checkout_id: CheckoutId
) -> Response:
    own = await _own(request, counter, checkout_id)
    return await standing.request_return(request, counter, own)


@router.post("/{checkout_id}/returns/{return_id}/withdrawal")
async def withdraw(
    request: Request,
    who: Visitor,
    counter: WithForm,
    checkout_id: CheckoutId,
    return_id: ReturnId,
) -> Response:
    own = await _own(request, counter, checkout_id)
    return await standing.withdraw(request, counter, own, return_id)


@router.post("/{checkout_id}/payment")
async def pay(
    request: Request, who: Visitor, counter: WithForm, checkout_id: CheckoutId
) -> Response:
    return await standing.pay(request, counter, await _own(request, counter, checkout_id))


@router.get("/{checkout_id}/payment")
async def ask_bank(
    request: Request, who: Visitor, counter: AtCounter, checkout_id: CheckoutId
) -> Response:
    return await standing.ask_bank(request, counter, await _own(request, counter, checkout_id))


@router.get("/{checkout_id}/payment/return")
async def come_back(
    request: Request, who: Visitor, counter: AtCounter, checkout_id: CheckoutId
) -> Response:
    return await standing.come_back(request, counter, await _own(request, counter, checkout_id))


@router.get("/{checkout_id}")
async def follow(
    request: Request, who: Visitor, counter: AtCounter, checkout_id: CheckoutId
) -> Response:
    """The whole order for whoever has its pass; else how it stands."""
    try:
        return await standing.page(request, counter, await _own(request, counter, checkout_id))
    except NotFound:
        pass
    order = await counter.orders.by_checkout(checkout_id)
    if order is None:
        raise NotFound("There is no such order")
    if order.customer_id is not None:
        return _of_customer(request, who.id == order.customer_id, order)
    return render(
        request,
        "storefront/guest_order.html",
        order=order,
        shipments=await counter.after.shipments(order.id),
    )


def _of_customer(request: Request, own: bool, order: OrderView) -> Response:
    if not own:
        raise NotFound("There is no such order")
    return redirect(request, f"/account/orders/{order.id}")


def _form(
    request: Request, number: str = "", email: str = "", refused: BodegaError | None = None
) -> Response:
    return render(
        request,
        "storefront/find_order.html",
        status=refused.status if refused else 200,
        number=number,
        email=email,
        refused=refused,
    )

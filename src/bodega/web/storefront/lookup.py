"""A guest's order: found by its number and e-mail or by the link in the confirmation.

Either leaves a pass in a cookie, which opens the whole page: papers, returns, the address. Whoever
only has the order's unguessable address sees how it stands, without street, e-mail or papers.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from bodega.contracts.orders import OrderPass, OrderView
from bodega.kernel.errors import BodegaError, NotFound, TooMany
from bodega.kernel.ids import CheckoutId
from bodega.web.access import Visitor
from bodega.web.cookies import put_cookie, read_cookie
from bodega.web.forms import Posted
from bodega.web.pages import redirect, render
from bodega.web.storefront import actions
from bodega.web.storefront.standing import AtCounter, Counter, Standing, admit, page

router = APIRouter(prefix="/orders", include_in_schema=False)
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


async def guests_order(
    request: Request, who: Visitor, counter: AtCounter, checkout_id: CheckoutId
) -> Standing:
    """What the cookie's pass opens. Raises NotFound for any other order."""
    own = await _opened(request, counter, checkout_id)
    if own is None:
        raise NotFound("There is no such order")
    return admit(request, own)


async def _opened(request: Request, counter: Counter, checkout_id: CheckoutId) -> Standing | None:
    opens = read_cookie(request, "order")
    order = await counter.orders.open_pass(opens) if opens else None
    if order is None or order.checkout_id != checkout_id:
        return None
    return Standing(order, f"/orders/{checkout_id}")


router.include_router(actions.router, prefix="/{checkout_id}", dependencies=[Depends(guests_order)])


@router.get("/{checkout_id}")
async def follow(
    request: Request, who: Visitor, counter: AtCounter, checkout_id: CheckoutId
) -> Response:
    """The whole order for whoever has its pass; else how it stands."""
    own = await _opened(request, counter, checkout_id)
    if own is not None:
        return await page(request, counter, own)
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

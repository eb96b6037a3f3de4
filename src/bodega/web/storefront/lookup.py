"""A guest's order: found by its number and e-mail, followed at its unguessable address."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from bodega.contracts.orders import OrderView
from bodega.kernel.errors import BodegaError, NotFound, TooMany
from bodega.kernel.ids import CheckoutId
from bodega.web.access import Visitor
from bodega.web.forms import Posted
from bodega.web.pages import redirect, render
from bodega.web.storefront.orders import Counter

router = APIRouter(prefix="/orders", include_in_schema=False)
AtCounter = Annotated[Counter, Depends(Counter)]
MAX_NUMBER = 2**62


class NotFoundHere(NotFound):
    code = "guest_order_not_found"
    title = (
        "We found no order with this number and e-mail. Look at both once more; if you bought while"
        " signed in, it is in your account"
    )


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
    return redirect(request, f"/orders/{found.checkout_id}")


@router.get("/{checkout_id}")
async def follow(
    request: Request, who: Visitor, counter: AtCounter, checkout_id: CheckoutId
) -> Response:
    """How a guest's order stands: its parcels, without street, e-mail or papers."""
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

"""After checkout: the bank's question, the way back from it, a review, and the order."""

from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from starlette.responses import Response

from bodega.contracts.checkout import CheckoutView
from bodega.contracts.orders import OrderView
from bodega.kernel.errors import BodegaError, NotFound
from bodega.kernel.ids import CheckoutId
from bodega.kernel.principal import Principal, Role
from bodega.web.access import Visitor
from bodega.web.forms import Posted
from bodega.web.pages import redirect, render
from bodega.web.storefront.basket import cart_id_of, forget_cart
from bodega.web.storefront.refusals import of_failure
from bodega.web.storefront.till import AtTill, Till

router = APIRouter(include_in_schema=False)


def confirmation_address(checkout_id: CheckoutId) -> str:
    return f"/orders/{checkout_id}/confirmation"


def next_address(checkout: CheckoutView) -> str:
    """Where a buyer goes on from here."""
    if _asks_buyer(checkout):
        return f"/checkout/{checkout.id}/action"
    return confirmation_address(checkout.id)


@router.get("/checkout/{checkout_id}/action")
async def action(request: Request, who: Visitor, till: AtTill, checkout_id: CheckoutId) -> Response:
    """Sends the buyer on to the bank. A page of its own, because a form's answer may not lead a
    browser to another site (`form-action 'self'`)."""
    checkout = await _known(till, who, checkout_id)
    if not _asks_buyer(checkout):
        return redirect(request, confirmation_address(checkout_id))
    return render(request, "storefront/action.html", checkout=checkout, back=_back(checkout_id))


@router.get("/checkout/{checkout_id}/return")
async def come_back(
    request: Request, who: Visitor, till: AtTill, checkout_id: CheckoutId
) -> Response:
    """The buyer is back from the bank: the checkout asks how it went and goes on. Coming here again
    changes nothing; whoever has not confirmed (and cancelled there, perhaps) is not sent back."""
    checkout = await _known(till, who, checkout_id)
    try:
        checkout = await till.checkouts.proceed(checkout_id) or checkout
    except BodegaError as error:
        if error.status < 500:
            raise
    return redirect(request, confirmation_address(checkout.id))


@router.post("/checkout/{checkout_id}/abandonment")
async def pay_another_way(
    request: Request, who: Visitor, till: AtTill, form: Posted, checkout_id: CheckoutId
) -> Response:
    """What waits for the buyer is undone; the cart stays as it is."""
    await _known(till, who, checkout_id)
    left = await till.checkouts.abandon(checkout_id)
    failed = left is not None and left.state == "failed"
    return redirect(request, "/checkout" if failed else confirmation_address(checkout_id))


@router.get("/orders/{checkout_id}/confirmation")
async def confirmation(
    request: Request, who: Visitor, till: AtTill, checkout_id: CheckoutId
) -> Response:
    """A guest's order is known to whoever knows its unguessable address; a customer's only to the
    customer and staff."""
    checkout = await _known(till, who, checkout_id)
    order = await _order(till, checkout)
    ordered = order is not None and cart_id_of(request) == checkout.cart_id
    if ordered:
        request.state.cart_units = 0
    response = render(
        request,
        "storefront/confirmation.html",
        checkout=checkout,
        order=order,
        action=f"/checkout/{checkout_id}/action" if _asks_buyer(checkout) else None,
        abandonment=f"/checkout/{checkout_id}/abandonment",
        failure=of_failure(checkout) if checkout.state in ("failed", "undoing") else None,
        masked_email=_masked(order.email) if order and order.email else None,
    )
    if ordered:
        forget_cart(request, response)
    return response


async def _known(till: Till, who: Principal, checkout_id: CheckoutId) -> CheckoutView:
    checkout = await till.checkouts.checkout(checkout_id)
    if checkout is None or not _may_see(who, checkout):
        raise NotFound("There is no such order")
    return checkout


async def _order(till: Till, checkout: CheckoutView) -> OrderView | None:
    """The order, once it stands: an order that waits for a review is the buyer's too."""
    if checkout.state == "completed" or checkout.waiting_for == "review":
        return await till.orders.by_checkout(checkout.id)
    return None


def _asks_buyer(checkout: CheckoutView) -> bool:
    """The provider's page is another site: only a web address is ever followed."""
    waits = checkout.state == "waiting" and checkout.waiting_for == "buyer"
    return waits and urlsplit(checkout.action_url or "").scheme in ("http", "https")


def _back(checkout_id: CheckoutId) -> str:
    return f"/checkout/{checkout_id}/return"


def _may_see(who: Principal, checkout: CheckoutView) -> bool:
    return checkout.customer_id in (None, who.id) or who.at_least(Role.STAFF)


def _masked(email: str) -> str:
    """`m•••@example.com`: the page may be opened by others who have its address."""
    name, _, host = email.partition("@")
    return f"{name[:1]}•••@{host}"

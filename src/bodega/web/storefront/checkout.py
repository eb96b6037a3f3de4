"""Checkout: who, where to, how to send it and how to pay; or what stood in the way."""

import asyncio

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import Response

from bodega.contracts.cart import CartView
from bodega.contracts.checkout import CheckoutRequest, CheckoutView
from bodega.kernel.commands import Command
from bodega.kernel.errors import BodegaError
from bodega.kernel.ids import AddressId, CartId, CheckoutId
from bodega.kernel.principal import Principal
from bodega.web.access import Visitor
from bodega.web.forms import COMMAND_FIELD, Posted
from bodega.web.pages import redirect
from bodega.web.storefront.basket import cart_of, customer_id_of
from bodega.web.storefront.ordered import next_address
from bodega.web.storefront.refusals import Refusal, of_error, of_failure, of_fields
from bodega.web.storefront.till import (
    AtTill,
    Till,
    entered_in,
    keep_address,
    kept_of,
    known_of,
    order_of,
    quote_for,
    region_missing,
    show_form,
)

router = APIRouter(include_in_schema=False)
PATIENCE = 8.0
_under_way: set["asyncio.Future[CheckoutView]"] = set()


@router.get("/checkout")
async def show_checkout(
    request: Request, who: Visitor, till: AtTill, address: AddressId | None = None
) -> Response:
    """`address` is one of the customer's address book."""
    cart = await cart_of(request, who, till.carts)
    if not _ready(cart):
        return redirect(request, "/cart")
    assert cart is not None
    entered = await known_of(request, who, till, chosen=address)
    quote = await quote_for(till, who, cart, entered)
    return show_form(request, cart, quote, entered, kept=await kept_of(till, who))


@router.post("/checkout")
async def submit_checkout(request: Request, who: Visitor, form: Posted, till: AtTill) -> Response:
    """Run the saga; sending the same form again leads to the same order. With `intent=quote` only
    ask what it costs now."""
    checkout_id = CheckoutId(form.command_id("checkout"))
    earlier = await till.checkouts.checkout(checkout_id)
    if earlier is not None and earlier.state in ("completed", "waiting"):
        return redirect(request, next_address(earlier))
    cart = await cart_of(request, who, till.carts)
    if cart is None or not cart.lines:
        return redirect(request, "/cart")
    entered, kept = entered_in(form), await kept_of(till, who)
    if form.text("intent") == "quote":
        quote = await quote_for(till, who, cart, entered)
        command_id = form.uuid(COMMAND_FIELD)
        return show_form(request, cart, quote, entered, command_id=command_id, kept=kept)
    missing = region_missing(entered)
    try:
        asked = order_of(request, cart, entered, form, checkout_id)
        outcome = missing or await _submit(till, who, asked, checkout_id)
    except ValidationError as error:
        outcome = of_fields(error)
    if isinstance(outcome, CheckoutView):
        await keep_address(till, who, entered, Command(form.command_id("address"), who.label))
        return redirect(request, next_address(outcome))
    again = form.uuid(COMMAND_FIELD) if outcome.unsure else None
    quote = await quote_for(till, who, cart, entered)
    return show_form(request, cart, quote, entered, outcome, command_id=again, kept=kept)


def _ready(cart: CartView | None) -> bool:
    """A cart with lines that are not to be had is tried all the same: checkout says which."""
    return cart is not None and bool(cart.lines) and set(cart.problems) <= {"lines_unavailable"}


async def _submit(
    till: Till, who: Principal, asked: CheckoutRequest, checkout_id: CheckoutId
) -> CheckoutView | Refusal:
    """The checkout when the order is placed, or on its way."""
    try:
        outcome = await _patiently(till, who, asked, checkout_id)
    except BodegaError as error:
        if error.code != "cart_in_checkout" or not await _left(till, asked.cart_id):
            return of_error(error)
        return await _submit(till, who, asked, checkout_id)
    return of_failure(outcome) if outcome.state in ("failed", "undoing") else outcome


async def _left(till: Till, cart_id: CartId) -> bool:
    """Whether an earlier checkout of the cart, which asked the buyer to confirm, is undone: they
    went back and pay another way."""
    earlier = await till.checkouts.of_cart(cart_id)
    if earlier is None or earlier.state != "waiting" or earlier.order_id is not None:
        return False
    left = await till.checkouts.abandon(earlier.id)
    return left is not None and left.state == "failed"


async def _patiently(
    till: Till, who: Principal, asked: CheckoutRequest, checkout_id: CheckoutId
) -> CheckoutView:
    """A provider that hangs keeps nobody before a blank page: the checkout goes on, and its own
    page looks again."""
    submitting = till.checkouts.submit(
        checkout_id=checkout_id, request=asked, customer_id=customer_id_of(who)
    )
    task = asyncio.ensure_future(submitting)
    _under_way.add(task)
    task.add_done_callback(_ended)
    await asyncio.wait({task}, timeout=PATIENCE)
    if not task.done():
        begun = await till.checkouts.checkout(checkout_id)
        if begun is not None:
            return begun
    return await asyncio.shield(task)


def _ended(task: "asyncio.Future[CheckoutView]") -> None:
    """What went wrong unseen stands in the checkout itself."""
    _under_way.discard(task)
    if not task.cancelled():
        task.exception()

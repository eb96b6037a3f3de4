"""Checkout: who, where to and how to pay; then the order, or what stood in its way."""

from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import ValidationError
from starlette.responses import Response

from bodega.backbone.http.deps import provided
from bodega.backbone.settings import Settings
from bodega.contracts.cart import Carts, CartView
from bodega.contracts.checkout import CheckoutRequest, Checkouts, CheckoutView
from bodega.contracts.identity import Identity
from bodega.contracts.orders import Orders
from bodega.kernel.errors import BodegaError, NotFound
from bodega.kernel.ids import CheckoutId, new_id
from bodega.kernel.principal import Principal, Role
from bodega.web.access import Visitor
from bodega.web.formats import countries
from bodega.web.forms import COMMAND_FIELD, Posted
from bodega.web.pages import redirect, render
from bodega.web.storefront.basket import cart_id_of, cart_of, customer_id_of, forget_cart
from bodega.web.storefront.refusals import Refusal, of_error, of_failure, of_fields

TEST_CARDS = (
    ("pm_card_visa", "Visa ending 4242", "goes through"),
    ("pm_card_visa_chargeDeclined", "Visa ending 0002", "is declined"),
    (
        "pm_card_visa_chargeDeclinedInsufficientFunds",
        "Visa ending 9995",
        "has too little money on it",
    ),
)
_ADDRESS = ("name", "line1", "line2", "city", "postal_code", "country")
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Till:
    """Everyone a checkout page asks."""

    carts: Annotated[Carts, provided(Carts)]
    checkouts: Annotated[Checkouts, provided(Checkouts)]
    orders: Annotated[Orders, provided(Orders)]
    identity: Annotated[Identity, provided(Identity)]


@dataclass(frozen=True, slots=True)
class Entered:
    """What stands in the form's fields."""

    values: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")


AtTill = Annotated[Till, Depends(Till)]


@router.get("/checkout")
async def show_checkout(request: Request, who: Visitor, till: AtTill) -> Response:
    cart = await cart_of(request, who, till.carts)
    if cart is None or not cart.lines:
        return redirect(request, "/cart")
    return _form(request, cart, await _known_of(request, who, till))


@router.post("/checkout")
async def submit_checkout(request: Request, who: Visitor, form: Posted, till: AtTill) -> Response:
    """Run the saga; sending the same form again leads to the same order."""
    checkout_id = CheckoutId(form.command_id("checkout"))
    earlier = await till.checkouts.checkout(checkout_id)
    if earlier is not None and earlier.state == "completed":
        return redirect(request, _confirmation(checkout_id))
    cart = await cart_of(request, who, till.carts)
    if cart is None or not cart.lines:
        return redirect(request, "/cart")
    entered = Entered({name: form.text(name) for name in ("email", *_ADDRESS, "payment_token")})
    refusal = await _submit(till, who, cart, entered, checkout_id)
    if refusal is None:
        return redirect(request, _confirmation(checkout_id))
    again = form.uuid(COMMAND_FIELD) if refusal.unsure else None
    return _form(request, cart, entered, refusal, command_id=again)


@router.get("/orders/{checkout_id}/confirmation")
async def confirmation(
    request: Request, who: Visitor, till: AtTill, checkout_id: CheckoutId
) -> Response:
    """A guest's order is known to whoever knows its unguessable address; a customer's only to the
    customer and staff."""
    checkout = await till.checkouts.checkout(checkout_id)
    if checkout is None or not _may_see(who, checkout):
        raise NotFound("There is no such order")
    order = await till.orders.by_checkout(checkout_id) if checkout.state == "completed" else None
    ordered = order is not None and cart_id_of(request) == checkout.cart_id
    if ordered:
        request.state.cart_units = 0
    response = render(
        request,
        "storefront/confirmation.html",
        checkout=checkout,
        order=order,
        failure=of_failure(checkout) if checkout.state in ("failed", "undoing") else None,
        masked_email=_masked(order.email) if order and order.email else None,
    )
    if ordered:
        forget_cart(request, response)
    return response


async def _submit(
    till: Till, who: Principal, cart: CartView, entered: Entered, checkout_id: CheckoutId
) -> Refusal | None:
    """None when the order is placed, or on its way."""
    try:
        outcome = await till.checkouts.submit(
            checkout_id=checkout_id,
            request=_request(cart, entered),
            customer_id=customer_id_of(who),
        )
    except ValidationError as error:
        return of_fields(error)
    except BodegaError as error:
        return of_error(error)
    return of_failure(outcome) if outcome.state in ("failed", "undoing") else None


def _request(cart: CartView, entered: Entered) -> CheckoutRequest:
    return CheckoutRequest.model_validate(
        {
            "cart_id": cart.id,
            "email": entered["email"],
            "shipping_address": {name: entered[name] for name in _ADDRESS},
            "payment_token": entered["payment_token"],
        }
    )


def _form(
    request: Request,
    cart: CartView,
    entered: Entered,
    refusal: Refusal | None = None,
    *,
    command_id: UUID | None = None,
) -> Response:
    """After a refusal a fresh `command_id` makes the next try a new checkout; the old one, when
    nobody knows how the last try ended."""
    settings: Settings = request.app.state.settings
    request.state.cart_units = cart.units
    return render(
        request,
        "storefront/checkout.html",
        status=refusal.status if refusal else 200,
        cart=cart,
        entered=entered,
        refusal=refusal,
        command_id=command_id or new_id(),
        countries=countries(settings.locale),
        country=entered["country"] or settings.country,
        test_cards=TEST_CARDS if _takes_test_cards(settings) else (),
    )


def _takes_test_cards(settings: Settings) -> bool:
    """The provider's local double and its test mode know these tokens; live keys never do."""
    return settings.payments_secret_key.get_secret_value().startswith("sk_test_")


async def _known_of(request: Request, who: Principal, till: Till) -> Entered:
    customer_id = customer_id_of(who)
    user = await till.identity.user(customer_id) if customer_id else None
    settings: Settings = request.app.state.settings
    first_card = TEST_CARDS[0][0] if _takes_test_cards(settings) else ""
    if user is None:
        return Entered({"payment_token": first_card})
    known = {"email": user.email or "", "name": user.name or "", "country": user.country or ""}
    return Entered({**known, "payment_token": first_card})


def _confirmation(checkout_id: CheckoutId) -> str:
    return f"/orders/{checkout_id}/confirmation"


def _may_see(who: Principal, checkout: CheckoutView) -> bool:
    return checkout.customer_id in (None, who.id) or who.at_least(Role.STAFF)


def _masked(email: str) -> str:
    """`m•••@example.com`: the page may be opened by others who have its address."""
    name, _, host = email.partition("@")
    return f"{name[:1]}•••@{host}"

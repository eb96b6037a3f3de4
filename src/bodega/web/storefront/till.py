"""The checkout's form: what stands in it, what it is checked against, and the order it asks for."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from starlette.responses import Response

from bodega.backbone.http.deps import provided
from bodega.backbone.settings import Settings
from bodega.contracts.addresses import AddressBook, NewAddress, SavedAddress
from bodega.contracts.cart import CartQuote, Carts, CartView
from bodega.contracts.checkout import CheckoutRequest, Checkouts
from bodega.contracts.identity import Identity
from bodega.contracts.orders import Orders
from bodega.contracts.payment_methods import PaymentMethods, SavedMethod
from bodega.kernel.commands import Command
from bodega.kernel.errors import BodegaError, Conflict
from bodega.kernel.ids import AddressId, CheckoutId, ShippingMethodId, UserId, new_id
from bodega.kernel.page import PageRequest
from bodega.kernel.principal import Principal
from bodega.web.formats import countries
from bodega.web.forms import PostedForm
from bodega.web.pages import render
from bodega.web.regions import regions, regions_of_all
from bodega.web.storefront.basket import customer_id_of
from bodega.web.storefront.refusals import Refusal
from bodega.web.storefront.typed import ADDRESS, region_in, region_refused, with_region

TEST_CARDS = (
    ("pm_card_visa", "Visa ending 4242", "goes through"),
    ("pm_card_authenticationRequired", "Visa ending 3184", "asks you to confirm with your bank"),
    ("pm_card_visa_chargeDeclined", "Visa ending 0002", "is declined"),
    (
        "pm_card_visa_chargeDeclinedInsufficientFunds",
        "Visa ending 9995",
        "has too little money on it",
    ),
)
BILLING = tuple(f"billing_{name}" for name in ADDRESS)
FIELDS = (
    "email",
    *ADDRESS,
    "billing_differs",
    *BILLING,
    "shipping_method_id",
    "payment_token",
    "save_payment_method",
    "save_address",
)
SAVED = "saved:"
"""Stands before the token of a card that the customer keeps."""


@dataclass(frozen=True, slots=True)
class Till:
    """Everyone a checkout page asks."""

    carts: Annotated[Carts, provided(Carts)]
    checkouts: Annotated[Checkouts, provided(Checkouts)]
    orders: Annotated[Orders, provided(Orders)]
    identity: Annotated[Identity, provided(Identity)]
    methods: Annotated[PaymentMethods, provided(PaymentMethods)]
    book: Annotated[AddressBook, provided(AddressBook)]


AtTill = Annotated[Till, Depends(Till)]


@dataclass(frozen=True, slots=True)
class Entered:
    """What stands in the form's fields."""

    values: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    @property
    def method_id(self) -> ShippingMethodId | None:
        try:
            return ShippingMethodId(UUID(self["shipping_method_id"]))
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Kept:
    """What a customer may choose from."""

    book: Sequence[SavedAddress] = ()
    cards: Sequence[SavedMethod] = ()


def entered_in(form: PostedForm) -> Entered:
    return Entered({name: form.text(name) for name in FIELDS})


async def known_of(
    request: Request, who: Principal, till: Till, *, chosen: AddressId | None = None
) -> Entered:
    """What is known of the visitor before anything is typed; `chosen` is from the address book."""
    customer_id = customer_id_of(who)
    user = await till.identity.user(customer_id) if customer_id else None
    settings: Settings = request.app.state.settings
    first_card = TEST_CARDS[0][0] if takes_test_cards(settings) else ""
    known = {"country": settings.country, "payment_token": first_card}
    if user is None:
        return Entered(known)
    own = {"email": user.email or "", "name": user.name or "", "country": user.country or ""}
    own |= await _kept_addresses(till, user.id, chosen) or await _last_address(till, user.id)
    return Entered({**known, **{name: value for name, value in own.items() if value}})


async def _kept_addresses(
    till: Till, customer_id: UserId, chosen: AddressId | None
) -> dict[str, str]:
    """The one that was chosen or is for delivery; beside it the one for billing, if it differs."""
    kept = await till.book.addresses(customer_id)
    by_id = {saved.id: saved for saved in kept}
    to = by_id.get(chosen) if chosen else next((one for one in kept if one.for_delivery), None)
    bill = next((one for one in kept if one.for_billing), None)
    found: dict[str, str] = to.address.model_dump() if to else {}
    if bill is not None and bill != to:
        found |= {f"billing_{name}": value for name, value in with_region(bill.address).items()}
        found["billing_differs"] = "yes"
    return found


async def keep_address(till: Till, who: Principal, entered: Entered, command: Command) -> None:
    """What was ordered to goes into the address book, when its customer ticked it and it is not
    there; a book that is full takes no harm."""
    customer_id = customer_id_of(who)
    if customer_id is None or not entered["save_address"]:
        return
    typed = {name: entered[name] for name in ADDRESS} | {"region": region_of(entered)}
    new = NewAddress.model_validate({"address": typed})
    if new.address not in [saved.address for saved in await till.book.addresses(customer_id)]:
        with suppress(Conflict):
            await till.book.add(command, customer_id, new)


async def _last_address(till: Till, customer_id: UserId) -> dict[str, str]:
    """Where the customer's newest order went."""
    latest = (await till.orders.of_customer(customer_id, PageRequest(limit=1))).items
    address = latest[0].shipping_address if latest else None
    return address.model_dump() if address else {}


async def quote_for(
    till: Till, who: Principal, cart: CartView, entered: Entered
) -> CartQuote | None:
    """What the cart costs at the address entered; None while prices cannot be asked."""
    country = entered["country"]
    try:
        return await till.carts.quote(
            cart.id,
            customer_id=customer_id_of(who),
            country=country if len(country) == 2 and country.isupper() else None,
            region=region_of(entered),
            postal_code=entered["postal_code"][:20],
            shipping_method_id=entered.method_id,
        )
    except BodegaError:
        return None


def region_of(entered: Entered) -> str:
    """The state or province, where the country has any of that name."""
    known = dict(regions(entered["country"]))
    return entered["region"] if entered["region"] in known else ""


def region_missing(entered: Entered) -> Refusal | None:
    missing = region_refused(entered["region"], entered["country"], "region")
    if missing or not entered["billing_differs"]:
        return missing
    return region_refused(entered["billing_region"], entered["billing_country"], "billing_region")


def order_of(
    request: Request, cart: CartView, entered: Entered, form: PostedForm, checkout_id: CheckoutId
) -> CheckoutRequest:
    """Raises pydantic's ValidationError for a field that cannot be."""
    asked: dict[str, Any] = {
        "cart_id": cart.id,
        "email": entered["email"],
        "shipping_address": {name: entered[name] for name in ADDRESS}
        | {"region": region_of(entered)},
        "payment_token": entered["payment_token"].removeprefix(SAVED),
        "payment_source": "saved" if entered["payment_token"].startswith(SAVED) else "new",
        "save_payment_method": bool(entered["save_payment_method"]),
        "return_url": f"{request.base_url}checkout/{checkout_id}/return",
    }
    if entered["billing_differs"]:
        billing = {name: entered[f"billing_{name}"] for name in ADDRESS}
        billing["region"] = region_in(billing["region"], billing["country"])
        asked["billing_address"] = billing
    if entered.method_id:
        asked["shipping_method_id"] = entered.method_id
    if form.text("expected_amount"):
        expected = {
            "amount": form.number("expected_amount"),
            "currency": form.text("expected_currency"),
        }
        asked["expected_total"] = expected
    return CheckoutRequest.model_validate(asked)


def show_form(
    request: Request,
    cart: CartView,
    quote: CartQuote | None,
    entered: Entered,
    refusal: Refusal | None = None,
    *,
    command_id: UUID | None = None,
    kept: Kept,
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
        quote=quote,
        total=quote.total if quote else cart.total,
        entered=entered,
        refusal=refusal,
        command_id=command_id or new_id(),
        countries=countries(settings.locale),
        regions=regions(entered["country"]),
        all_regions=regions_of_all(),
        book=kept.book,
        sent_to=_chosen(kept.book, entered),
        test_cards=TEST_CARDS if takes_test_cards(settings) else (),
        saved_cards=kept.cards,
        paypal=bool(settings.paypal_client_id),
    )


def _chosen(book: Sequence[SavedAddress], entered: Entered) -> AddressId | None:
    """Which of the kept addresses stands in the form."""
    typed = {name: entered[name] for name in ADDRESS}
    return next((one.id for one in book if one.address.model_dump() == typed), None)


async def kept_of(till: Till, who: Principal) -> Kept:
    """Nothing of a guest, and no cards while the provider does not answer."""
    customer_id = customer_id_of(who)
    if customer_id is None:
        return Kept()
    book = await till.book.addresses(customer_id)
    try:
        return Kept(book, await till.methods.methods(customer_id))
    except BodegaError:
        return Kept(book)


def takes_test_cards(settings: Settings) -> bool:
    """The provider's local double and its test mode know these tokens; live keys never do."""
    return settings.payments_secret_key.get_secret_value().startswith("sk_test_")

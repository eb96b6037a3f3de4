"""Why a checkout did not go through, beside the form, with what to do about it."""

from dataclasses import dataclass, field

from pydantic import ValidationError

from bodega.contracts.checkout import CheckoutView
from bodega.kernel.errors import BodegaError


@dataclass(frozen=True, slots=True)
class Refusal:
    """`fields` holds a sentence per form field that needs another look; `unsure` means that nobody
    knows how the try ended, so the next one must be the same checkout."""

    title: str
    advice: str
    code: str = "refused"
    status: int = 400
    fields: dict[str, str] = field(default_factory=dict)
    to_cart: bool = False
    unsure: bool = False


_FIELDS = {
    "email": "Enter an e-mail address such as name@example.com",
    "name": "Enter the name on the parcel",
    "line1": "Enter street and house number",
    "line2": "This is too long: use 200 characters or fewer",
    "city": "Enter the town or city",
    "postal_code": "This is too long: use 20 characters or fewer",
    "country": "Choose a country",
    "payment_token": "Choose how to pay",
}
_NO_MONEY = "The card has too little money on it. Choose another card; nothing was charged."
_DECLINED = "The bank refused this card. Choose another card or ask your bank; nothing was charged."
_SHORT = "Somebody was quicker. Lower the quantity in your cart, or take the product out."
_STOCK = ("stock", "short", "reserv")
_CARD = ("declin", "card", "fund", "payment", "cvc", "authentication")


def of_fields(error: ValidationError) -> Refusal:
    return missing({str(item["loc"][-1]) for item in error.errors()})


def missing(names: set[str]) -> Refusal:
    return Refusal(
        "Please check the form",
        "Some fields need another look.",
        code="form_incomplete",
        status=422,
        fields={name: _FIELDS.get(name, "Check this field") for name in sorted(names)},
    )


def of_failure(checkout: CheckoutView) -> Refusal:
    """A saga that was undone: nothing was charged, nothing is held."""
    code = checkout.failure_code or "checkout_failed"
    if any(word in code for word in _STOCK):
        return Refusal("Not enough in stock", _SHORT, code=code, status=409, to_cart=True)
    if "fund" in code:
        return Refusal("Your card was declined", _NO_MONEY, code=code, status=402)
    if any(word in code for word in _CARD):
        return Refusal("Your card was declined", _DECLINED, code=code, status=402)
    detail = checkout.failure_detail or "Nothing was charged: try again."
    return Refusal("Your order did not go through", detail, code=code, status=409)


def of_error(error: BodegaError) -> Refusal:
    if error.status >= 500:
        advice = "Your order was not placed twice. Wait a moment, then send the form again."
        title = "The shop is catching its breath"
        return Refusal(title, advice, code=error.code, status=503, unsure=True)
    advice = f"{error.detail.rstrip('.')}."
    return Refusal("Your order did not go through", advice, error.code, error.status, to_cart=True)

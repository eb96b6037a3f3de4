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
_SHORT = "Lower the quantity in your cart, or take the product out; nothing was charged."


def of_fields(error: ValidationError) -> Refusal:
    names = {str(item["loc"][-1]) for item in error.errors()}
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
    detail = checkout.failure_detail or "Nothing was charged: try again"
    if code == "out_of_stock":
        advice = f"{detail.rstrip('.')}. {_SHORT}"
        return Refusal("Somebody was quicker", advice, code=code, status=409, to_cart=True)
    if code == "payment_declined":
        advice = _NO_MONEY if checkout.decline_code == "insufficient_funds" else _DECLINED
        return Refusal("Your card was declined", advice, code=code, status=402)
    return Refusal("Your order did not go through", f"{detail.rstrip('.')}.", code, 409)


def of_error(error: BodegaError) -> Refusal:
    if error.status >= 500:
        advice = "Your order was not placed twice. Wait a moment, then send the form again."
        title = "The shop is catching its breath"
        return Refusal(title, advice, code=error.code, status=503, unsure=True)
    advice = f"{error.detail.rstrip('.')}."
    return Refusal("Your order did not go through", advice, error.code, error.status, to_cart=True)

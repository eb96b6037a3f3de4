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
    "region": "Choose the state or province",
    "payment_token": "Choose how to pay",
}
_NO_MONEY = "The card has too little money on it. Choose another card; nothing was charged."
_DECLINED = "The bank refused this card. Choose another card or ask your bank; nothing was charged."
_SHORT = "Lower the quantity in your cart, or take the product out; nothing was charged."


# Refusals that the form itself can put right: it shows what stands now.
_HERE = {
    "total_changed": (
        "The total has changed",
        "Have a look at what it comes to now. Nothing was charged; send the form again to agree.",
    ),
    "no_shipping": ("We do not send there", "Choose another address. Nothing was charged."),
    "shipping_method_unavailable": (
        "That way does not go there",
        "Choose another way to send it. Nothing was charged.",
    ),
}
_FAILED = {
    "promotion_used_up": (
        "Somebody else used up a promotion",
        "The total below is without it. Nothing was charged; send the form again to agree.",
    ),
    "payment_not_confirmed": (
        "Your bank did not confirm the payment",
        "Nothing was charged. Try again, or choose another card.",
    ),
    "checkout_cancelled": (
        "This payment was cancelled",
        "Nothing was charged for it. If you paid another way meanwhile, that order stands.",
    ),
    "purchase_refused": (
        "We cannot take this order online",
        "Nothing was charged. Please write to us and we will help.",
    ),
    "review_refused": (
        "We could not accept this order",
        "Nothing was charged. Please write to us if you think that is a mistake.",
    ),
}


def _field(location: tuple[int | str, ...]) -> str:
    name = str(location[-1])
    return f"billing_{name}" if location[0] == "billing_address" else name


def of_fields(error: ValidationError) -> Refusal:
    names = {_field(item["loc"]) for item in error.errors()}
    return Refusal(
        "Please check the form",
        "Some fields need another look.",
        code="form_incomplete",
        status=422,
        fields={
            name: _FIELDS.get(name.removeprefix("billing_"), "Check this field")
            for name in sorted(names)
        },
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
    title, advice = _FAILED.get(code, ("Your order did not go through", f"{detail.rstrip('.')}."))
    return Refusal(title, advice, code=code, status=409)


def of_error(error: BodegaError) -> Refusal:
    if error.status >= 500:
        advice = "Your order was not placed twice. Wait a moment, then send the form again."
        title = "The shop is catching its breath"
        return Refusal(title, advice, code=error.code, status=503, unsure=True)
    if error.code in _HERE:
        title, advice = _HERE[error.code]
        return Refusal(title, advice, code=error.code, status=error.status)
    advice = f"{error.detail.rstrip('.')}."
    return Refusal("Your order did not go through", advice, error.code, error.status, to_cart=True)

"""Amounts of money as people type them."""

from decimal import Decimal, InvalidOperation

from bodega.kernel.money import Money, exponent
from bodega.web.forms import FieldOdd, FormMangled, PostedForm

_MOST = 10**12


def typed_money(text: str, currency: str) -> Money:
    """`12.5` or `12,50` with a single separator. Raises FormMangled for anything else, and for
    more digits than the currency has."""
    try:
        value = Decimal(text.replace(",", ".").strip())
    except InvalidOperation as error:
        raise FormMangled("Enter an amount such as 12.50") from error
    finest = Decimal(1).scaleb(-exponent(currency))
    if not value.is_finite() or abs(value) > _MOST or value != value.quantize(finest):
        raise FormMangled("Enter an amount such as 12.50")
    return Money.from_decimal(value, currency)


def money_in(form: PostedForm, name: str, currency: str) -> Money | None:
    """None when the field is empty. Raises FieldOdd."""
    text = form.text(name)
    try:
        return typed_money(text, currency) if text else None
    except FormMangled as error:
        raise FieldOdd(name, error.detail) from error


def minor_in(form: PostedForm, name: str, currency: str) -> int | None:
    """The same in minor units."""
    money = money_in(form, name, currency)
    return money.amount if money else None


def plain(amount: int | None, currency: str) -> str:
    """Minor units as they are typed: `1250` is `12.50`."""
    return "" if amount is None else str(Money(amount=amount, currency=currency).decimal)

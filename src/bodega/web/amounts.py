"""Amounts of money as people type them."""

from decimal import Decimal, InvalidOperation

from bodega.kernel.money import Money, exponent
from bodega.web.forms import FormMangled

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

"""Stripe's minor units and smallest charges (docs.stripe.com/currencies)."""

from bodega.kernel.money import Money, exponent

_ZERO_DECIMALS = frozenset(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "JPY",
        "KMF",
        "KRW",
        "MGA",
        "PYG",
        "RWF",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ]
)
_THREE_DECIMALS = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
# Two decimals for old clients, yet only whole units can be charged: their decimals must be 00.
_WHOLE_UNITS = frozenset({"ISK", "UGX"})

MINIMUMS = {
    "AED": 200,
    "AUD": 50,
    "BGN": 100,
    "BRL": 50,
    "CAD": 50,
    "CHF": 50,
    "CZK": 1500,
    "DKK": 250,
    "EUR": 50,
    "GBP": 30,
    "HKD": 400,
    "HUF": 17500,
    "INR": 50,
    "JPY": 50,
    "MXN": 1000,
    "MYR": 200,
    "NOK": 300,
    "NZD": 50,
    "PLN": 200,
    "RON": 200,
    "SEK": 300,
    "SGD": 50,
    "THB": 1000,
    "USD": 50,
}
"""Smallest charge by settlement currency, in Stripe's minor units; HUF is 175.00."""

TOO_SMALL = "amount_too_small"
NOT_CHARGEABLE = "amount_not_chargeable"


def stripe_exponent(currency: str) -> int:
    """Decimal digits Stripe counts in, which differ from ISO 4217 for ISK, UGX, MGA and others."""
    if currency in _ZERO_DECIMALS:
        return 0
    return 3 if currency in _THREE_DECIMALS else 2


def to_stripe(money: Money) -> int:
    """Our minor units as Stripe counts them. Raises ValueError when they cannot be written so."""
    step = stripe_exponent(money.currency) - exponent(money.currency)
    if step >= 0:
        return money.amount * int(10**step)
    units, rest = divmod(money.amount, int(10**-step))
    if rest:
        raise ValueError(f"{money} has more decimals than Stripe takes")
    return units


def from_stripe(amount: int, currency: str) -> Money:
    """What Stripe counted, in our minor units, a broken unit rounded down."""
    code = currency.upper()
    step = exponent(code) - stripe_exponent(code)
    units = amount * 10**step if step >= 0 else amount // 10**-step
    return Money(amount=units, currency=code)


def unchargeable(money: Money) -> tuple[str, str] | None:
    """Why Stripe would refuse this amount: a code and a sentence; None when it takes it."""
    try:
        units = to_stripe(money)
    except ValueError as error:
        return NOT_CHARGEABLE, str(error)
    if refused := malformed(units, money.currency):
        return NOT_CHARGEABLE, refused
    if units < MINIMUMS.get(money.currency, 1):
        return TOO_SMALL, f"{money} is below the smallest amount that can be charged"
    return None


def malformed(units: int, currency: str) -> str | None:
    """Stripe's rules on last digits: three-decimal amounts end in 0, whole-unit ones in 00."""
    if currency in _THREE_DECIMALS and units % 10:
        return f"amounts in {currency} must end in 0"
    if currency in _WHOLE_UNITS and units % 100:
        return f"amounts in {currency} must be whole units"
    return None

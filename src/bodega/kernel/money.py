"""Money: an integer of minor units and an ISO 4217 currency; never a float, never mixed."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from bodega.kernel.errors import Invalid

# ISO 4217 minor-unit exponents that are not 2 (six-iso list, 2025).
_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_EXPONENTS = {
    **dict.fromkeys(_NO_DECIMALS.split(), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}

_CODES = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD
CDF CHF CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD
GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT
LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR
NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP
STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYI UYU UYW UZS VED VES VND VUV WST
XAF XCD XOF XPF YER ZAR ZMW ZWG
"""
CURRENCIES = tuple(sorted(_CODES.split()))
_KNOWN = frozenset(CURRENCIES)

CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["EUR"])]


def _known(currency: str) -> str:
    if currency not in _KNOWN:
        raise ValueError(f"{currency!r} is not an ISO 4217 currency")
    return currency


KnownCurrency = Annotated[CurrencyCode, AfterValidator(_known)]


def is_money(currency: str) -> bool:
    """Whether ISO 4217 knows it as a currency of today."""
    return currency in _KNOWN


def exponent(currency: str) -> int:
    """How many decimal digits the currency's minor unit has: EUR 2, JPY 0, KWD 3, CLF 4."""
    if currency not in _KNOWN:
        raise Invalid(f"{currency!r} is not an ISO 4217 currency")
    return _EXPONENTS.get(currency, 2)


# Card networks take three decimals with a last digit of 0 (docs.stripe.com/currencies) and no coins
# that are gone: centimes of the ariary, fillér, Taiwan's cents.
_WHOLE = frozenset({"HUF", "MGA", "TWD"})


def charge_step(currency: str) -> int:
    """What amounts that are charged or given back are multiples of, in minor units."""
    digits = exponent(currency)
    return 100 if currency in _WHOLE else int(10 ** max(0, min(digits - 2, 2)))


def chargeable(amount: int, currency: str) -> int:
    """`amount` in minor units, rounded down to what can be charged."""
    return amount - amount % charge_step(currency)


class Money(BaseModel):
    """`{"amount": 1999, "currency": "EUR"}` is 19.99 euro."""

    model_config = ConfigDict(frozen=True)

    amount: int = Field(strict=True, ge=-(2**63), lt=2**63, description="minor units")
    currency: KnownCurrency

    @classmethod
    def zero(cls, currency: str) -> Self:
        return cls(amount=0, currency=currency)

    @classmethod
    def from_decimal(cls, value: Decimal, currency: str) -> Self:
        """Round half to even onto the currency's minor unit."""
        scaled = value.scaleb(exponent(currency)).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
        return cls(amount=int(scaled), currency=currency)

    @property
    def decimal(self) -> Decimal:
        return Decimal(self.amount).scaleb(-exponent(self.currency))

    def _same(self, other: "Money") -> None:
        if other.currency != self.currency:
            raise Invalid(f"{self.currency} and {other.currency} cannot be mixed: convert first")

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(amount=self.amount + other.amount, currency=self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(amount=self.amount - other.amount, currency=self.currency)

    def __neg__(self) -> "Money":
        return Money(amount=-self.amount, currency=self.currency)

    def __mul__(self, factor: int) -> "Money":
        return Money(amount=self.amount * factor, currency=self.currency)

    def __lt__(self, other: "Money") -> bool:
        self._same(other)
        return self.amount < other.amount

    def __str__(self) -> str:
        return f"{self.decimal:,} {self.currency}"


MAX_PRICE = 10**12


def _sensible(price: Money) -> Money:
    if not 0 <= price.amount <= MAX_PRICE:
        raise ValueError(f"a price is from 0 to {Money(amount=MAX_PRICE, currency=price.currency)}")
    return price


UnitPrice = Annotated[Money, AfterValidator(_sensible)]
"""What a unit is sold or bought for: so little that any number of units, in any number of lines,
still adds up in 64 bits."""


def total(parts: list[Money], currency: str) -> Money:
    """The sum of `parts`, all in `currency`; zero of it when there are none."""
    amount = 0
    for part in parts:
        if part.currency != currency:
            raise Invalid(f"{part.currency} and {currency} cannot be mixed: convert first")
        amount += part.amount
    return Money(amount=amount, currency=currency)

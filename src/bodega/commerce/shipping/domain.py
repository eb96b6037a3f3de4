"""Which zone a parcel goes to, and what a method asks for it.

The zone that says most about the address wins: the longest postal prefix, then a country by name,
then the rest of the world. Only its methods are offered, so a zone without one is a place nothing
goes to. A price list is a row of tiers, each up to a weight or a subtotal; what is above the last
one is not sent by the method.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import NAMESPACE_DNS, UUID, uuid5

from bodega.commerce.shipping.errors import MethodMalformed, ZoneMalformed
from bodega.contracts.shipping import (
    STANDARD_FREE_FROM,
    STANDARD_NAME,
    STANDARD_PRICE,
    Basis,
    Parcel,
    ShippingOption,
)
from bodega.kernel.ids import ShippingMethodId
from bodega.kernel.money import Money, exponent


@dataclass(frozen=True, slots=True)
class Tier:
    """What is asked up to (and with) `up_to` grams or minor units; None is without end."""

    up_to: int | None
    price: int


@dataclass(frozen=True, slots=True)
class Method:
    """One way to send. Amounts are minor units of `currency`; days are working days."""

    id: ShippingMethodId
    name: str
    carrier: str | None
    basis: Basis
    currency: str
    tiers: Sequence[Tier]
    free_above: int | None
    min_days: int
    max_days: int
    position: int = 0
    active: bool = True


@dataclass(frozen=True, slots=True)
class Zone:
    """Without countries it is the rest of the world. Prefixes narrow its only country."""

    id: UUID
    name: str
    countries: frozenset[str]
    postal_prefixes: Sequence[str]
    methods: Sequence[Method] = ()
    active: bool = True

    def says(self, country: str, postal_code: str) -> int | None:
        """How much it says about an address, more is closer; None when it is not its."""
        if not self.countries:
            return 0
        if country not in self.countries:
            return None
        if not self.postal_prefixes:
            return 1
        written = _plain(postal_code)
        fitting = [len(prefix) for prefix in self.postal_prefixes if written.startswith(prefix)]
        return 1 + max(fitting) if fitting else None


def zone_of(zones: Iterable[Zone], *, country: str, postal_code: str) -> Zone | None:
    """Two zones that say the same are told apart by id, so that everybody gets the same one."""
    found = [
        (says, zone)
        for zone in zones
        if zone.active and (says := zone.says(country, postal_code)) is not None
    ]
    return min(found, key=lambda item: (-item[0], item[1].id), default=(0, None))[1]


def options(zones: Iterable[Zone], parcel: Parcel) -> list[ShippingOption]:
    """Cheapest first, then the quickest, then as the staff ordered them."""
    zone = zone_of(zones, country=parcel.country, postal_code=parcel.postal_code)
    offered: list[tuple[Method, ShippingOption]] = []
    for method in zone.methods if zone else ():
        price = price_of(method, parcel)
        if price is not None:
            offered.append((method, _option(method, price)))
    offered.sort(
        key=lambda item: (
            item[1].price.amount, item[0].max_days, item[0].position, item[0].id,
        )
    )  # fmt: skip
    return [option for _, option in offered]


def price_of(method: Method, parcel: Parcel) -> Money | None:
    """None when the method does not send the parcel, or names its price in another currency."""
    if not method.active or method.currency != parcel.subtotal.currency:
        return None
    measure = {"flat": 0, "weight": parcel.weight_grams, "price": parcel.subtotal.amount}
    tier = _tier(method.tiers, measure[method.basis])
    if tier is None:
        return None
    free = method.free_above is not None and parcel.subtotal.amount >= method.free_above
    return Money(amount=0 if free else tier.price, currency=method.currency)


def _tier(tiers: Sequence[Tier], measure: int) -> Tier | None:
    return next((tier for tier in tiers if tier.up_to is None or measure <= tier.up_to), None)


def _option(method: Method, price: Money) -> ShippingOption:
    return ShippingOption(
        method_id=method.id,
        name=method.name,
        carrier=method.carrier,
        price=price,
        min_days=method.min_days,
        max_days=method.max_days,
    )


def _plain(postal_code: str) -> str:
    """As prefixes are kept: letters and digits, capital, `SW1A 1AA` is `SW1A1AA`."""
    return "".join(letter for letter in postal_code.upper() if letter.isalnum())


def check_zone(countries: Sequence[str], postal_prefixes: Sequence[str]) -> list[str]:
    """The prefixes as they are kept. Raises ZoneMalformed."""
    prefixes = [_plain(prefix) for prefix in postal_prefixes]
    if prefixes and len(set(countries)) != 1:
        raise ZoneMalformed
    if not all(prefixes):
        raise ZoneMalformed("A postal prefix has a letter or a digit")
    return list(dict.fromkeys(prefixes))


def check_method(basis: Basis, tiers: Sequence[Tier], *, min_days: int, max_days: int) -> None:
    """Raises MethodMalformed."""
    limits = [tier.up_to for tier in tiers]
    bounded = [limit for limit in limits if limit is not None]
    if basis == "flat" and limits != [None]:
        raise MethodMalformed("A flat method has one tier, without a limit")
    if None in limits[:-1]:
        raise MethodMalformed("Only the last tier is without a limit")
    if bounded != sorted(set(bounded)):
        raise MethodMalformed("The limits of the tiers rise from each to the next")
    if max_days < min_days:
        raise MethodMalformed("The most days are not fewer than the least")


# The set of a shop that has made no zone of its own.

_BUILT_IN = uuid5(NAMESPACE_DNS, "built-in.shipping.bodega")
WORLD = uuid5(_BUILT_IN, "zone/world")
STANDARD = ShippingMethodId(uuid5(_BUILT_IN, "method/standard"))
EXPRESS = ShippingMethodId(uuid5(_BUILT_IN, "method/express"))


def built_in(currency: str) -> Zone:
    """The whole world: 4.90 and free from 50.00, or express at 12.90. The same figures in any
    currency: 4.90 euro, 490 yen."""
    scale = 10 ** max(0, exponent(currency) - 2)

    def method(name: str, id_: ShippingMethodId, price: int, days: tuple[int, int]) -> Method:
        return Method(
            id=id_,
            name=name,
            carrier=None,
            basis="flat",
            currency=currency,
            tiers=[Tier(up_to=None, price=price * scale)],
            free_above=STANDARD_FREE_FROM * scale if id_ == STANDARD else None,
            min_days=days[0],
            max_days=days[1],
            position=0 if id_ == STANDARD else 1,
        )

    return Zone(
        id=WORLD,
        name="Everywhere",
        countries=frozenset(),
        postal_prefixes=[],
        methods=[
            method(STANDARD_NAME, STANDARD, STANDARD_PRICE, (2, 5)),
            method("Express", EXPRESS, 1290, (1, 2)),
        ],
    )

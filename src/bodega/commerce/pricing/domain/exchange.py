"""An exchange rate from what is known: direct, the other way round, or through a third currency."""

from collections.abc import Sequence
from datetime import date
from decimal import Context, Decimal
from typing import NamedTuple

from bodega.contracts.pricing import Rate

_EXACT = Context(prec=40)
_SHOWN = Context(prec=12)  # digits of an answer that is computed; more than any bank publishes


class Leg(NamedTuple):
    """Units of another currency for one of ours."""

    rate: Decimal
    day: date
    source: str
    published: bool


def between(known: Sequence[Rate], base: str, quote: str) -> Rate | None:
    """The newest way from `base` to `quote`; at the same day the published rate, then its inverse,
    then one through a third currency, whose day is the older of the two."""
    out, back = _legs(known, base), _legs(known, quote)
    ways = [out[quote]] if quote in out else []
    ways += [_across(out[via], back[via]) for via in sorted(out.keys() & back.keys())]
    if not ways:
        return None
    best = max(ways, key=lambda leg: leg.day)
    rate = best.rate if best.published else _SHOWN.plus(best.rate)
    return Rate(base=base, quote=quote, rate=rate, day=best.day, source=best.source)


def _legs(known: Sequence[Rate], base: str) -> dict[str, Leg]:
    """The best rate from `base` to every other currency."""
    legs: dict[str, Leg] = {}
    for rate in known:
        if rate.base == base:
            other, leg = rate.quote, Leg(rate.rate, rate.day, rate.source, published=True)
        elif rate.quote == base:
            inverse = _EXACT.divide(Decimal(1), rate.rate)
            other, leg = rate.base, Leg(inverse, rate.day, rate.source, published=False)
        else:
            continue
        if other not in legs or (leg.day, leg.published) > (legs[other].day, legs[other].published):
            legs[other] = leg
    return legs


def _across(out: Leg, back: Leg) -> Leg:
    """From base to the third currency and, `back` being from quote to it, on to quote."""
    sources = dict.fromkeys((out.source, back.source))
    return Leg(
        rate=_EXACT.divide(out.rate, back.rate),
        day=min(out.day, back.day),
        source="; ".join(sources),
        published=False,
    )

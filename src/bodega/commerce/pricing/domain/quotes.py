"""The price of a basket: what promotions leave of it, and the tax in it or on it."""

from collections.abc import Iterable, Mapping, Sequence

from bodega.commerce.pricing.domain.promotions import Offer, Outcome, Reduction, best, subtotal
from bodega.commerce.pricing.domain.taxes import SHIPPING, Taxes, tax
from bodega.commerce.pricing.errors import BasketMalformed
from bodega.contracts.pricing import (
    AgreedLine,
    AppliedPromotion,
    Basket,
    CouponOutcome,
    CouponRefusal,
    PricedLine,
    Quote,
)
from bodega.kernel.money import Money, charge_step, chargeable

SHIPPING_KEY = "shipping"


def check(basket: Basket) -> None:
    """Raises BasketMalformed."""
    prices = [line.unit_price for line in basket.lines]
    if basket.shipping is not None:
        prices.append(basket.shipping)
    if any(price.currency != basket.currency for price in prices):
        raise BasketMalformed(f"Not all prices of the basket are in {basket.currency}")
    if any(price.amount < 0 for price in prices):
        raise BasketMalformed("A price in the basket is below zero")
    if len({line.key for line in basket.lines}) < len(basket.lines):
        raise BasketMalformed("Two lines of the basket have the same key")


def quote(
    basket: Basket, offers: Sequence[Offer], refused: Mapping[str, CouponRefusal], taxes: Taxes
) -> Quote:
    """`refused` are coupons that brought no offer, with the reason."""
    outcome = best(basket, offers)
    lines = _lines(basket, outcome.reduction, taxes)
    shipping = _shipping(basket, outcome.reduction, taxes)
    every = [*lines, shipping] if shipping else lines
    return Quote(
        lines=lines,
        shipping=shipping,
        subtotal=_sum(basket, (line.subtotal for line in lines)),
        discount=_sum(basket, (line.discount for line in every)),
        tax=_sum(basket, (line.tax for line in every)),
        total=_sum(basket, (line.total for line in every)),
        promotions=[
            _applied(taken.offer, taken.amount, basket.currency)
            for taken in outcome.reduction.taken
        ],
        coupons=_coupons(basket, offers, refused, outcome),
    )


def _sum(basket: Basket, parts: Iterable[Money]) -> Money:
    return Money(amount=sum(part.amount for part in parts), currency=basket.currency)


def _lines(basket: Basket, reduction: Reduction, taxes: Taxes) -> list[PricedLine]:
    return [
        priced(
            line.key,
            before=subtotal(line),
            after=reduction.lines[at],
            currency=basket.currency,
            tax_class=line.tax_class,
            taxes=taxes,
            promotions=[
                _applied(taken.offer, taken.lines[at], basket.currency)
                for taken in reduction.taken
                if taken.lines[at]
            ],
        )
        for at, line in enumerate(basket.lines)
    ]


def _shipping(basket: Basket, reduction: Reduction, taxes: Taxes) -> PricedLine | None:
    if basket.shipping is None:
        return None
    return priced(
        SHIPPING_KEY,
        before=basket.shipping.amount,
        after=reduction.shipping,
        currency=basket.currency,
        tax_class=SHIPPING,
        taxes=taxes,
        promotions=[
            _applied(taken.offer, taken.shipping, basket.currency)
            for taken in reduction.taken
            if taken.shipping
        ],
    )


def priced(
    key: str,
    *,
    before: int,
    after: int,
    currency: str,
    tax_class: str,
    taxes: Taxes,
    promotions: list[AppliedPromotion],
) -> PricedLine:
    """Its total can be charged, so that whatever goes back for it can be given back."""
    included = taxes.country.prices_include_tax
    rate = taxes.rate(tax_class)
    after = chargeable(after, currency)
    step = 1 if included else charge_step(currency)
    due = tax(after // step, rate, included=included) * step
    return PricedLine(
        key=key,
        subtotal=Money(amount=before, currency=currency),
        discount=Money(amount=before - after, currency=currency),
        tax=Money(amount=due, currency=currency),
        tax_rate=rate,
        tax_included=included,
        total=Money(amount=after if included else after + due, currency=currency),
        promotions=promotions,
    )


def retaxed(line: AgreedLine, taxes: Taxes) -> PricedLine:
    return priced(
        line.key,
        before=line.amount.amount,
        after=line.amount.amount,
        currency=line.amount.currency,
        tax_class=line.tax_class,
        taxes=taxes,
        promotions=[],
    )


def _applied(offer: Offer, amount: int, currency: str) -> AppliedPromotion:
    return AppliedPromotion(
        promotion_id=offer.id,
        title=offer.title,
        coupon=offer.coupon,
        amount=Money(amount=amount, currency=currency),
        limited=offer.limited,
    )


def _coupons(
    basket: Basket,
    offers: Sequence[Offer],
    refused: Mapping[str, CouponRefusal],
    outcome: Outcome,
) -> list[CouponOutcome]:
    by_code = {offer.coupon: offer for offer in offers if offer.coupon}
    said: dict[str, CouponRefusal | None] = {
        code: refused[code] if code in refused else _refusal(by_code[code], basket, outcome)
        for code in basket.coupons
    }
    return [CouponOutcome(code=code, refusal=refusal) for code, refusal in said.items()]


def _refusal(offer: Offer, basket: Basket, outcome: Outcome) -> CouponRefusal | None:
    """A free-shipping coupon is good before a way to send the basket is chosen."""
    if offer.id in outcome.overruled:
        return "not_stacking"
    taken = {part.offer.id for part in outcome.reduction.taken}
    waits = offer.kind == "free_shipping" and not (basket.shipping and basket.shipping.amount)
    if offer.id in taken or (waits and offer.id in outcome.met):
        return None
    return "not_applicable"

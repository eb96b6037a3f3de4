"""What goods cost that come to an order made before: its own prices were agreed and stay."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from bodega.commerce.pricing.domain.promotions import Offer, best, subtotal
from bodega.commerce.pricing.domain.quotes import priced
from bodega.commerce.pricing.domain.shares import shares
from bodega.commerce.pricing.domain.taxes import Taxes
from bodega.contracts.pricing import Basket, PricedLine


def price_additions(
    basket: Basket, added: AbstractSet[str], given: int, offers: Sequence[Offer], taxes: Taxes
) -> list[PricedLine]:
    """Of `basket`, all the order's goods, the lines whose keys are `added`; from the others `given`
    was taken off when they were bought. An offer that is counted does not apply: nobody counts
    here."""
    new = [at for at, line in enumerate(basket.lines) if line.key in added]
    off = taken_off(basket, added, given, [offer for offer in offers if not offer.limited])
    return [
        priced(
            basket.lines[at].key,
            before=subtotal(basket.lines[at]),
            after=subtotal(basket.lines[at]) - part,
            currency=basket.currency,
            tax_class=basket.lines[at].tax_class,
            taxes=taxes,
            promotions=[],
        )
        for at, part in zip(new, off, strict=True)
    ]


def taken_off(
    basket: Basket, added: AbstractSet[str], given: int, offers: Sequence[Offer]
) -> list[int]:
    """By added line: what the offers take off it in a cart of all the goods or, where that is more,
    what such a cart gains by it; in all never more than such a cart is given beyond `given`."""
    goods = basket.model_copy(update={"shipping": None})
    before = goods.model_copy(
        update={"lines": [line for line in goods.lines if line.key not in added]}
    )
    fresh = best(goods, offers).reduction
    gain = fresh.amount - best(before, offers).reduction.amount
    worth = [
        (subtotal(line), left)
        for line, left in zip(goods.lines, fresh.lines, strict=True)
        if line.key in added
    ]
    own = [whole - left for whole, left in worth]
    room = max(0, fresh.amount - given)
    bonus = min(room, max(gain, sum(own)), sum(whole for whole, _ in worth))
    if bonus <= sum(own):
        return shares(bonus, own)
    further = shares(bonus - sum(own), [left for _, left in worth])
    return [part + more for part, more in zip(own, further, strict=True)]

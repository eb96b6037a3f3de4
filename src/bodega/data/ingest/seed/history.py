"""What was bought: baskets with a pattern to find, and what came back."""

import random
from bisect import bisect
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import accumulate

from bodega.contracts.catalog import ImportedProduct
from bodega.contracts.inventory import ImportedStock
from bodega.contracts.orders import ImportedOrder, ImportedReturn, OrderLine
from bodega.contracts.shipping import STANDARD_FREE_FROM, STANDARD_NAME, STANDARD_PRICE
from bodega.data.ingest.seed.goods import Good, goods
from bodega.data.ingest.seed.people import NAMESPACE, People
from bodega.data.ingest.seed.plan import Calendar, SeedPlan
from bodega.kernel.ids import OrderId, ProductId, ReturnId, VariantId, derived_id
from bodega.kernel.money import Money, exponent

RETURN_SHARE = 0.06
_SIZES = (1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6)
_QUANTITIES = (1,) * 14 + (2,) * 4 + (3, 4)
_REASONS = ("does not fit", "damaged", "changed my mind", "not as expected", "wrong item")

Batch = tuple[list[ImportedOrder], list[ImportedReturn]]


class History:
    """Orders one after the other in time; order `n` is the same whatever the batch size."""

    def __init__(self, plan: SeedPlan) -> None:
        self.plan = plan
        self.goods = goods(plan.products)
        self.calendar = Calendar(plan)
        self.people = People(plan, self.calendar)
        self._scale = 10 ** max(0, exponent(plan.currency) - 2)
        self._popularity = _popularity(plan, self.goods)
        self._cumulative = list(accumulate(self._popularity))
        self._groups = defaultdict[int, list[Good]](list)
        self._categories = defaultdict[str, list[Good]](list)
        for good in self.goods:
            self._groups[good.group].append(good)
            self._categories[good.category].append(good)
        self._group_names = sorted(self._groups)
        self._lines: dict[tuple[int, int], OrderLine] = {}
        self._sending = self._shipping()

    def products(self) -> list[ImportedProduct]:
        return [
            ImportedProduct(
                id=_product_id(good.sku),
                variant_id=_variant_id(good.sku),
                source_key=good.sku,
                sku=good.sku,
                title=good.title,
                description=good.description,
                category=good.category,
                price=self._money(good.price),
                weight_grams=good.weight,
                first_seen_at=self.plan.since + timedelta(seconds=good.index),
            )
            for good in self.goods
        ]

    def stock(self) -> list[ImportedStock]:
        """More of what sells; a few shelves are nearly bare, the first never."""
        draw = random.Random(f"{self.plan.seed}/stock")
        top = max(self._popularity)
        return [
            ImportedStock(
                variant_id=_variant_id(good.sku),
                on_hand=draw.randrange(0, 4)
                if good.index and draw.random() < 0.04
                else int(40 + 360 * weight / top + draw.randrange(40)),
                known_at=self.plan.until,
            )
            for good, weight in zip(self.goods, self._popularity, strict=True)
        ]

    def batches(self, size: int = 2000) -> Iterator[Batch]:
        orders: list[ImportedOrder] = []
        returns: list[ImportedReturn] = []
        draw = random.Random()  # seeded anew is half the price of made anew
        for number in range(self.plan.orders):
            draw.seed(f"{self.plan.seed}/order/{number}")
            order = self._order(number, draw)
            orders.append(order)
            if draw.random() < RETURN_SHARE:
                returns += self._return(number, order, draw)
            if len(orders) == size:
                yield orders, returns
                orders, returns = [], []
        if orders:
            yield orders, returns

    def _order(self, number: int, draw: random.Random) -> ImportedOrder:
        fraction = (number + draw.random()) / self.plan.orders
        buyer = self.people.buyer(draw, fraction)
        lines = [self._line(good, draw.choice(_QUANTITIES)) for good in self._basket(buyer, draw)]
        if sum(line.total.amount for line in lines) < STANDARD_FREE_FROM * self._scale:
            lines.append(self._sending)
        return ImportedOrder(
            id=OrderId(derived_id(NAMESPACE, f"{self.plan.seed}/order/{number}")),
            source_key=f"{self.plan.seed}:order:{number}",
            customer_id=None if buyer is None else self.people.id(buyer),
            country=self.plan.country if buyer is None else self.people.country(buyer),
            placed_at=self.calendar.instant(fraction),
            currency=self.plan.currency,
            lines=lines,
        )

    def _basket(self, buyer: int | None, draw: random.Random) -> list[Good]:
        """Mostly things that go together, some of the same shelf, some that just sell well."""
        chosen = [self._first(buyer, draw)]
        for _ in range(draw.choice(_SIZES) - 1):
            dice = draw.random()
            if dice < 0.55:
                chosen.append(draw.choice(self._groups[chosen[0].group]))
            elif dice < 0.75:
                chosen.append(draw.choice(self._categories[chosen[0].category]))
            else:
                chosen.append(self._popular(draw))
        return list({good.index: good for good in chosen}.values())

    def _first(self, buyer: int | None, draw: random.Random) -> Good:
        if buyer is None or draw.random() < 0.6:
            return self._popular(draw)
        liked = self._group_names[self.people.liking(buyer, len(self._group_names))]
        return draw.choice(self._groups[liked])

    def _popular(self, draw: random.Random) -> Good:
        """As `draw.choices` with these weights, which checks them each time."""
        weights = self._cumulative
        return self.goods[bisect(weights, draw.random() * weights[-1], 0, len(weights) - 1)]

    def _line(self, good: Good, quantity: int) -> OrderLine:
        """One object for all that are alike."""
        line = self._lines.get((good.index, quantity))
        if line is None:
            line = self._lines[good.index, quantity] = self._made(good, quantity)
        return line

    def _made(self, good: Good, quantity: int) -> OrderLine:
        price = self._money(good.price)
        return OrderLine(
            product_id=_product_id(good.sku),
            variant_id=_variant_id(good.sku),
            sku=good.sku,
            title=good.title,
            quantity=quantity,
            unit_price=price,
            total=price * quantity,
        )

    def _shipping(self) -> OrderLine:
        price = self._money(STANDARD_PRICE)
        return OrderLine(
            kind="shipping",
            product_id=None,
            variant_id=None,
            sku="SHIPPING",
            title=STANDARD_NAME,
            quantity=1,
            unit_price=price,
            total=price,
        )

    def _return(
        self, number: int, order: ImportedOrder, draw: random.Random
    ) -> list[ImportedReturn]:
        """One line of the order, some days later; nothing while that is still to come."""
        at: datetime = order.placed_at + timedelta(minutes=draw.randrange(2 * 1440, 20 * 1440))
        if at > self.plan.until:
            return []
        line = draw.choice([line for line in order.lines if line.kind == "product"])
        units = draw.randint(1, line.quantity)
        back = line.model_copy(update={"quantity": units, "total": line.unit_price * units})
        return [
            ImportedReturn(
                id=ReturnId(derived_id(NAMESPACE, f"{self.plan.seed}/return/{number}")),
                source_key=f"{self.plan.seed}:return:{number}",
                order_id=order.id,
                customer_id=order.customer_id,
                country=order.country,
                reason=draw.choice(_REASONS),
                returned_at=at,
                currency=order.currency,
                lines=[back],
            )
        ]

    def _money(self, hundredths: int) -> Money:
        """The same figure in any currency: 1450 is 14.50 euro or 1,450 yen."""
        return Money(amount=hundredths * self._scale, currency=self.plan.currency)


def _popularity(plan: SeedPlan, listed: Sequence[Good]) -> list[float]:
    """Zipf over a shuffled order, so that best sellers are spread over the categories."""
    ranks = list(range(len(listed)))
    random.Random(f"{plan.seed}/popularity").shuffle(ranks)
    return [1 / (rank + 3) ** 0.8 for rank in ranks]


@lru_cache(maxsize=100_000)
def _product_id(sku: str) -> ProductId:
    return ProductId(derived_id(NAMESPACE, f"product/{sku}"))


@lru_cache(maxsize=100_000)
def _variant_id(sku: str) -> VariantId:
    return VariantId(derived_id(NAMESPACE, f"variant/{sku}"))

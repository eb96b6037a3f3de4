"""How well a ranking foretells what else is in later baskets.

Query: one product of a basket in the window. Relevant: the basket's other products. Recall@k is the
share of them among the first k; nDCG@k has gain 1 for each and log2 discount (Järvelin and
Kekäläinen 2002), ideal as many as fit into k.
"""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from bodega.ml.features.purchases import Purchases
from bodega.ml.registry.cards import Metrics

if TYPE_CHECKING:
    from bodega.ml.features.purchases import Codes

K = 10
ANCHORS = 5
MAX_QUERIES = 20_000

Query = tuple[int, frozenset[int]]
Rank = Callable[[int], Sequence[int]]


def queries(window: Purchases) -> list[Query]:
    """Up to ANCHORS products of each basket of two or more, evenly thinned to MAX_QUERIES."""
    baskets: dict[int, list[int]] = {}
    for basket, product in zip(window.basket.tolist(), window.product.tolist(), strict=True):
        baskets.setdefault(basket, []).append(product)
    found = [
        (anchor, frozenset(products) - {anchor})
        for products in baskets.values()
        if len(products) > 1
        for anchor in products[:: max(1, len(products) // ANCHORS)][:ANCHORS]
    ]
    return found[:: math.ceil(len(found) / MAX_QUERIES)] if found else []


def evaluate(rank: Rank, asked: Sequence[Query], *, k: int = K) -> Metrics:
    """`rank` answers the products for one, best first."""
    recall = ndcg = 0.0
    for anchor, relevant in asked:
        hits = [product in relevant for product in rank(anchor)[:k]]
        recall += sum(hits) / len(relevant)
        ideal = sum(_DISCOUNT[: min(k, len(relevant))])
        ndcg += sum(d for d, hit in zip(_DISCOUNT, hits, strict=False) if hit) / ideal
    count = len(asked)
    return Metrics(
        k=k,
        queries=count,
        recall=round(recall / count, 5) if count else 0.0,
        ndcg=round(ndcg / count, 5) if count else 0.0,
    )


_DISCOUNT = [1 / math.log2(place + 2) for place in range(100)]


def by_neighbours(near: "Codes", popular: Sequence[int]) -> Rank:
    """As the service answers: neighbours, then best sellers."""

    def rank(anchor: int) -> Sequence[int]:
        own = [product for product in near[anchor].tolist() if product >= 0]
        if len(own) >= K:
            return own
        known = {anchor, *own}
        return own + [product for product in popular if product not in known]

    return rank


def by_popularity(popular: Sequence[int]) -> Rank:
    return lambda anchor: [product for product in popular if product != anchor]


def most_bought(purchases: Purchases, *, days: int, count: int = 50) -> list[int]:
    """Products in the most orders of the last `days`, best first: the baseline."""
    import numpy as np

    if not len(purchases):
        return []
    since = int(purchases.known_us[-1]) - days * 86_400_000_000
    recent = purchases.product[purchases.known_us >= since]
    bought = np.bincount(recent, minlength=len(purchases.products))
    best = np.argsort(-bought, kind="stable")[:count]
    return [int(product) for product in best if bought[product] > 0]

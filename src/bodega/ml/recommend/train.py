"""One training run, from published gold to a registered model."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version as installed
from pathlib import Path
from typing import TYPE_CHECKING

from bodega.data.lake.storage import Place
from bodega.kernel.clock import Clock
from bodega.kernel.ids import new_id
from bodega.ml.features.popularity import DAYS
from bodega.ml.features.purchases import Purchases, data_version, read_purchases
from bodega.ml.recommend import NAME
from bodega.ml.recommend.candidates import CANDIDATES, Candidate, fit
from bodega.ml.recommend.evaluate import (
    by_neighbours,
    by_popularity,
    evaluate,
    most_bought,
    queries,
)
from bodega.ml.recommend.neighbours import Neighbours
from bodega.ml.registry.cards import Metrics, ModelCard
from bodega.ml.registry.store import Registry

if TYPE_CHECKING:
    from bodega.ml.features.purchases import Codes

NEIGHBOURS = 24
MIN_QUERIES = 100
KEEP_VERSIONS = 10
_VALIDATION, _TEST = 0.8, 0.9
_END_OF_TIME = 2**62


@dataclass(frozen=True, slots=True)
class Windows:
    """Purchases by `known_at`: the oldest 80 % to learn from, the next tenth to choose by, the
    last tenth to judge by. An order is never in two windows."""

    learn: Purchases
    validation: Purchases
    learn_all: Purchases
    test: Purchases


def windows(purchases: Purchases) -> Windows:
    times = purchases.known_us
    choose, judge = (int(times[int(len(times) * share)]) for share in (_VALIDATION, _TEST))
    return Windows(
        learn=purchases.between(0, choose),
        validation=purchases.between(choose, judge),
        learn_all=purchases.between(0, judge),
        test=purchases.between(judge, _END_OF_TIME),
    )


def train(
    lake: Place,
    models: Path,
    *,
    clock: Clock,
    as_of: datetime | None = None,
    again: bool = False,
) -> ModelCard | None:
    """Register a model, promoted if it beats popularity in the test window. None when there is
    nothing to learn from, or nothing new since the newest version (unless `again`)."""
    registry = Registry(models, NAME)
    newest = next(iter(registry.cards()), None)
    if newest and not again and as_of is None and newest.data == data_version(lake):
        return None
    purchases = read_purchases(lake, as_of=as_of)
    if purchases is None or not len(purchases):
        return None
    card, near = _judge(purchases, clock)
    registry.add(card, Neighbours(purchases.products, _lists(near)).save)
    _decide(registry, card)
    registry.prune(keep=KEEP_VERSIONS)
    return card


def _judge(purchases: Purchases, clock: Clock) -> "tuple[ModelCard, Codes]":
    parts = windows(purchases)
    validation = {
        candidate.name: _score(candidate, parts.learn, parts.validation) for candidate in CANDIDATES
    }
    best = max(CANDIDATES, key=lambda candidate: validation[candidate.name].ndcg)
    metrics = _score(best, parts.learn_all, parts.test)
    popular = most_bought(parts.learn_all, days=DAYS)
    baseline = evaluate(by_popularity(popular), queries(parts.test))
    promoted, verdict = gate(metrics, baseline)
    now = clock.now()
    card = ModelCard(
        name=NAME,
        version=f"{now:%Y%m%dT%H%M%S}-{str(new_id())[-6:]}",
        trained_at=now,
        as_of=purchases.as_of,
        data=purchases.data,
        code_version=installed("bodega"),
        candidate=best.name,
        params={**best.params, "neighbours": NEIGHBOURS},
        validation=validation,
        metrics=metrics,
        baseline=baseline,
        rows=len(purchases),
        products=len(purchases.products),
        promoted=promoted,
        verdict=verdict,
    )
    return card, fit(best, purchases, count=NEIGHBOURS)


def _score(candidate: Candidate, learn: Purchases, window: Purchases) -> Metrics:
    near = fit(candidate, learn, count=NEIGHBOURS)
    return evaluate(by_neighbours(near, most_bought(learn, days=DAYS)), queries(window))


def gate(metrics: Metrics, baseline: Metrics) -> tuple[bool, str]:
    """Better than popularity in both measures, on enough queries to tell."""
    if metrics.queries < MIN_QUERIES:
        return False, f"only {metrics.queries} queries to judge by, {MIN_QUERIES} are needed"
    if metrics.ndcg > baseline.ndcg and metrics.recall > baseline.recall:
        return True, "better than popularity"
    return False, "not better than popularity"


def _decide(registry: Registry, card: ModelCard) -> None:
    """A model that lost to popularity ends its predecessor too: the sales have changed. One that
    could not be judged changes nothing."""
    if card.promoted:
        registry.promote(card.version)
    elif card.metrics.queries >= MIN_QUERIES:
        registry.withdraw()


def _lists(near: "Codes") -> list[list[int]]:
    rows: Sequence[list[int]] = near.tolist()
    return [[product for product in row if product >= 0] for row in rows]

"""Training: what is learnt, what is promoted, what is written down."""

from datetime import timedelta
from pathlib import Path

import pytest

from bodega.kernel.clock import FixedClock
from bodega.ml.features.purchases import read_purchases
from bodega.ml.recommend import NAME
from bodega.ml.recommend.candidates import CANDIDATES, Candidate, fit
from bodega.ml.recommend.neighbours import Neighbours
from bodega.ml.recommend.train import gate, train, windows
from bodega.ml.registry.cards import Metrics
from bodega.ml.registry.store import Registry
from tests.ml.gold import END, START, Sale, pairs, product, publish_sales


def scores(ndcg: float, recall: float, queries: int = 500) -> Metrics:
    return Metrics(k=10, queries=queries, ndcg=ndcg, recall=recall)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(END)


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    return tmp_path / "lake"


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda candidate: candidate.name)
def test_every_candidate_learns_what_belongs_together(candidate: Candidate, lake: Path) -> None:
    publish_sales(lake, pairs(600, noise=3))
    purchases = read_purchases(lake)
    assert purchases is not None
    near = fit(candidate, purchases, count=5)
    place = {name: at for at, name in enumerate(purchases.products)}
    cup = place[str(product("p3-a"))]
    assert near[cup][0] == place[str(product("p3-b"))]
    assert all(cup != other for other in near[cup])


@pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda candidate: candidate.name)
def test_one_product_has_no_neighbours(candidate: Candidate, lake: Path) -> None:
    publish_sales(lake, [Sale("1", "cup"), Sale("2", "cup")])
    purchases = read_purchases(lake)
    assert purchases is not None
    assert (fit(candidate, purchases, count=5) == -1).all()


def test_a_better_model_is_promoted_and_its_card_says_why(
    lake: Path, models: Path, clock: FixedClock
) -> None:
    publish_sales(lake, pairs(1500, noise=3))
    card = train(lake, models, clock=clock)
    assert card is not None
    assert card.promoted
    assert card.metrics.ndcg > card.baseline.ndcg
    assert card.metrics.recall > card.baseline.recall
    assert set(card.validation) == {candidate.name for candidate in CANDIDATES}
    assert (card.data, card.as_of) == ({"fct_order_lines": 0}, END)
    registry = Registry(models, NAME)
    current = registry.current()
    assert current is not None
    assert current.name == card.version
    assert registry.cards() == [card]
    table = Neighbours.load(current)
    assert all(place not in row for place, row in enumerate(table.near))


def test_without_new_sales_nothing_is_trained(lake: Path, models: Path, clock: FixedClock) -> None:
    publish_sales(lake, pairs(300))
    assert train(lake, models, clock=clock)
    clock.at += timedelta(hours=1)
    assert train(lake, models, clock=clock) is None
    assert train(lake, models, clock=clock, again=True)


def test_with_no_lake_nothing_is_trained(lake: Path, models: Path, clock: FixedClock) -> None:
    assert train(lake, models, clock=clock) is None
    assert not models.exists()


def test_a_few_sales_are_registered_but_not_believed(
    lake: Path, models: Path, clock: FixedClock
) -> None:
    publish_sales(lake, pairs(10))
    card = train(lake, models, clock=clock)
    assert card is not None
    assert not card.promoted
    assert "queries" in card.verdict
    assert Registry(models, NAME).current() is None


def test_a_model_learns_nothing_from_after_its_instant(
    lake: Path, models: Path, clock: FixedClock
) -> None:
    publish_sales(lake, [*pairs(300), Sale("x", "later", day=100), Sale("x", "p1-a", day=100)])
    instant = START + timedelta(days=50)
    card = train(lake, models, clock=clock, as_of=instant)
    assert card is not None
    table = Neighbours.load(models / NAME / card.version)
    assert str(product("later")) not in table.products
    assert card.as_of == instant


def test_no_order_is_in_two_windows(lake: Path) -> None:
    publish_sales(lake, pairs(400, noise=2))
    purchases = read_purchases(lake)
    assert purchases is not None
    cut = windows(purchases)
    learnt, chosen, judged = (
        set(part.basket.tolist()) for part in (cut.learn, cut.validation, cut.test)
    )
    assert not learnt & chosen
    assert not (learnt | chosen) & judged
    assert len(cut.learn) + len(cut.validation) + len(cut.test) == len(purchases)
    assert cut.learn.known_us.max() < cut.validation.known_us.min()
    assert cut.validation.known_us.max() < cut.test.known_us.min()


@pytest.mark.parametrize(
    ("model", "popularity", "promoted"),
    [
        (scores(0.2, 0.2), scores(0.1, 0.1), True),
        (scores(0.1, 0.1), scores(0.1, 0.1), False),
        (scores(0.2, 0.1), scores(0.1, 0.2), False),
        (scores(0.2, 0.2, queries=99), scores(0.1, 0.1), False),
    ],
)
def test_the_gate_opens_only_for_what_beats_popularity(
    model: Metrics, popularity: Metrics, promoted: bool
) -> None:
    assert gate(model, popularity)[0] is promoted


def test_a_model_that_lost_ends_its_predecessor(
    lake: Path, models: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_sales(lake, pairs(1500))
    assert train(lake, models, clock=clock)
    assert Registry(models, NAME).current()
    # From here on everybody buys the same two things, whatever they came for.
    fads = [
        Sale(f"z{n}", name, day=80 + n / 50)
        for n in range(2000)
        for name in ("fad-a", f"p{n % 20}-a")
    ]
    publish_sales(lake, [*pairs(1500), *fads])
    clock.at += timedelta(days=1)
    monkeypatch.setattr("bodega.ml.recommend.train.gate", lambda *_: (False, "lost"))
    card = train(lake, models, clock=clock)
    assert card is not None
    assert Registry(models, NAME).current() is None

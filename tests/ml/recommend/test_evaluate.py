"""The measures, against figures worked out by hand."""

import math

import pytest

from bodega.ml.recommend.evaluate import by_popularity, evaluate


def test_a_perfect_ranking_scores_one() -> None:
    scores = evaluate(lambda _: [1, 2, 9], [(0, frozenset({1, 2}))])
    assert (scores.recall, scores.ndcg, scores.queries) == (1.0, 1.0, 1)


def test_a_hit_in_second_place_is_discounted() -> None:
    scores = evaluate(lambda _: [9, 1], [(0, frozenset({1, 2}))])
    ideal = 1 + 1 / math.log2(3)
    assert scores.recall == 0.5
    assert scores.ndcg == pytest.approx(1 / math.log2(3) / ideal, abs=1e-5)


def test_nothing_counts_beyond_the_cut_off() -> None:
    assert evaluate(lambda _: [8, 9, 1], [(0, frozenset({1}))], k=2).recall == 0


def test_no_queries_score_nothing() -> None:
    assert evaluate(lambda _: [1], []).ndcg == 0


def test_popularity_never_names_the_product_itself() -> None:
    assert list(by_popularity([3, 1, 2])(1)) == [3, 2]

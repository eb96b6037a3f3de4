"""Texts of reviews."""

import pytest

from bodega.commerce.reviews.domain import plain_text, rounded


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  good mug \n really ", "good mug \n really"),
        ("good\x00 mug\x1b[31m", "good mug[31m"),
        ("\u202egum doog", "gum doog"),
        ("go\u200bod", "good"),
        ("cafe\u0301", "caf\u00e9"),
    ],
)
def test_a_text_keeps_words_and_loses_disguises(typed: str, kept: str) -> None:
    assert plain_text(typed) == kept


@pytest.mark.parametrize(("average", "shown"), [(None, None), (4.0, 4.0), (4.26, 4.3)])
def test_an_average_is_shown_to_a_tenth(average: float | None, shown: float | None) -> None:
    assert rounded(average) == shown

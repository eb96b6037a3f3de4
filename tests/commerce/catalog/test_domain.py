"""Slugs."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodega.commerce.catalog.domain import MAX_SLUG, slugify


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("White Hanging Heart T-Light", "white-hanging-heart-t-light"),
        ("Crème brûlée", "creme-brulee"),
        ("  --  ", "product"),
        ("日本", "product"),
        ("x" * 200, "x" * MAX_SLUG),
    ],
)
def test_a_title_makes_a_slug(title: str, slug: str) -> None:
    assert slugify(title) == slug


@given(st.text())
def test_a_slug_is_always_fit_for_an_address(title: str) -> None:
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,79}", slugify(title))

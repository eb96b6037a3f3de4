"""A cursor comes back as it was made, and nothing else is taken for one."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodega.kernel.errors import Invalid
from bodega.kernel.page import PageRequest, decode_cursor, encode_cursor


@given(st.lists(st.text(), max_size=4))
def test_a_cursor_comes_back(key: list[str]) -> None:
    cursor = encode_cursor(*key)
    assert decode_cursor(cursor) == key
    assert cursor.isascii()
    assert "=" not in cursor


@given(st.text(max_size=60))
def test_anything_else_is_refused_and_never_breaks(text: str) -> None:
    try:
        key = decode_cursor(text)
    except Invalid:
        return
    assert all(isinstance(part, str) for part in key)


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_instant_and_id_come_back(instant: datetime, last: UUID) -> None:
    request = PageRequest(cursor=encode_cursor(instant.isoformat(), last))
    assert request.after_instant() == (instant, last)


@pytest.mark.parametrize("key", [("x", "y"), ("2026-01-01",), ()])
def test_a_cursor_of_another_list_is_refused(key: tuple[str, ...]) -> None:
    with pytest.raises(Invalid):
        PageRequest(cursor=encode_cursor(*key)).after_instant()


def test_no_cursor_is_the_start() -> None:
    assert PageRequest().after() is None
    assert PageRequest().after_instant() is None

"""Cursor pages over lists that are sorted by id."""

from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import UUID

from bodega.kernel.errors import Invalid
from bodega.kernel.page import NOT_OURS, Page, PageRequest, encode_cursor

T = TypeVar("T")


def last_seen(page: PageRequest) -> UUID | None:
    """The id a page continues behind. Raises Invalid for a cursor of another list."""
    key = page.after()
    if key is None:
        return None
    try:
        (last,) = key
        return UUID(last)
    except ValueError as error:
        raise Invalid(NOT_OURS) from error


def page_of(found: Sequence[T], page: PageRequest, key: Callable[[T], object]) -> Page[T]:
    """One page of what was asked for with `limit + 1`."""
    shown = list(found[: page.limit])
    more = len(found) > page.limit
    return Page(items=shown, next_cursor=encode_cursor(key(shown[-1])) if more else None)

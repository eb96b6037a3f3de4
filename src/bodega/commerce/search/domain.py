"""Pure rules of search."""

from typing import NamedTuple
from uuid import UUID

MAX_QUERY = 200
MAX_WORDS = 12


class Entry(NamedTuple):
    """What the index knows of a product."""

    product_id: UUID
    title: str
    category: str
    description: str
    skus: str


def typos_allowed(word: str) -> int:
    """Edits forgiven: none in short words, where every edit makes another word."""
    return 0 if len(word) < 4 else 1 if len(word) < 9 else 2

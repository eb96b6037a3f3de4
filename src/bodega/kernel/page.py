"""Cursor pages: `{items, next_cursor}`, the cursor opaque to the caller."""

import base64
import binascii
import json
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from bodega.kernel.errors import Invalid

T = TypeVar("T")
MAX_PAGE = 100
NOT_OURS = "The cursor is not one of ours: start again without it"


class Page(BaseModel, Generic[T]):
    """One page; `next_cursor` is null on the last."""

    items: list[T]
    next_cursor: str | None = None


class PageRequest(BaseModel):
    """At most `limit` items after `cursor`."""

    model_config = ConfigDict(frozen=True)

    limit: int = 20
    cursor: str | None = None

    def after(self) -> list[str] | None:
        """The decoded sort key to continue behind, or None at the start."""
        return decode_cursor(self.cursor) if self.cursor else None

    def after_instant(self) -> tuple[datetime, UUID] | None:
        """The key of a list sorted by (instant, id). Raises `Invalid` for any other cursor."""
        key = self.after()
        if key is None:
            return None
        try:
            instant, last = key
            return datetime.fromisoformat(instant), UUID(last)
        except ValueError as error:
            raise Invalid(NOT_OURS) from error


def encode_cursor(*key: object) -> str:
    raw = json.dumps([str(part) for part in key]).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode_cursor(cursor: str) -> list[str]:
    """Raises `Invalid` for anything `encode_cursor` did not make."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        key = json.loads(raw)
    except (binascii.Error, ValueError) as error:
        raise Invalid(NOT_OURS) from error
    if not isinstance(key, list) or not all(isinstance(part, str) for part in key):
        raise Invalid(NOT_OURS)
    return key

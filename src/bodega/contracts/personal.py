"""What the lake holds of a person, in the clear, for the few who may see it."""

from typing import Any, Protocol

from pydantic import BaseModel


class RevealedRow(BaseModel):
    """The newest values of one row; `key` is its primary key as JSON."""

    table: str
    key: str
    values: dict[str, Any]


class Revealed(BaseModel):
    rows: list[RevealedRow]


class PersonalRecords(Protocol):
    """The only door to personal values in the lake."""

    async def reveal(self, *, person: str, actor: str, reason: str) -> Revealed:
        """`person` is a user id or an e-mail. Who asked and why is kept before anything is shown.
        Raises `NotFound` for nobody known, or erased."""

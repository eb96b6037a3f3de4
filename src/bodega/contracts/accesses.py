"""Who read which table of the lake, and when."""

from datetime import datetime
from typing import Protocol

from pydantic import BaseModel


class Access(BaseModel):
    """A read, or `times` alike within seconds: by `who`, through the door `via`. `personal` are
    columns with personal values; `rows` is null where nobody counted; `machine` is another one than
    that which serves."""

    at: datetime
    who: str
    via: str
    tables: list[str]
    personal: list[str]
    rows: int | None
    purpose: str
    times: int
    machine: str = ""


class AccessReport(BaseModel):
    """`whole`: no line of the record was changed or taken out; days older than `kept_days` go.
    `missing` says why the reads of other machines are left out, where the lake is away."""

    whole: bool
    kept_days: int
    missing: str = ""
    reads: list[Access]


class Accesses(Protocol):
    """The record itself: nobody can switch it off, or write to it by this door."""

    async def report(
        self,
        *,
        since: datetime | None = None,
        who: str | None = None,
        table: str | None = None,
        personal: bool = False,
        limit: int = 100,
    ) -> AccessReport:
        """The newest first; `who` and `table` may be parts of a name."""

"""Query parameters of data exchange."""

from datetime import date
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from bodega.contracts.dex import InsightQuery, Place, Symbol

_COLUMNS = r"^,*([a-z_][a-z0-9_]{0,62}(,+|$))*$"


class WorldQuery(BaseModel):
    """`symbols` may be repeated; a place needs both of its coordinates."""

    model_config = ConfigDict(extra="forbid")

    symbols: list[Symbol] = Field([], max_length=20)
    latitude: float | None = Field(None, ge=-90, le=90)
    longitude: float | None = Field(None, ge=-180, le=180)
    past_days: int = Field(0, ge=0, le=92)

    @property
    def place(self) -> Place | None:
        if self.latitude is None or self.longitude is None:
            return None
        return Place(latitude=self.latitude, longitude=self.longitude)


class RowsQuery(BaseModel):
    """`columns` parted by commas."""

    model_config = ConfigDict(extra="forbid")

    dataset: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")] = (
        "mart_daily_sales"
    )
    columns: Annotated[str, StringConstraints(pattern=_COLUMNS, max_length=2000)] = ""
    since: date | None = None
    until: date | None = None
    limit: int | None = Field(None, ge=1, lt=2**63)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.since and self.until and self.since > self.until:
            raise ValueError("`since` comes after `until`")
        return self

    def query(self) -> InsightQuery:
        return InsightQuery(
            dataset=self.dataset,
            columns=[name for name in self.columns.split(",") if name],
            since=self.since,
            until=self.until,
            limit=self.limit,
        )

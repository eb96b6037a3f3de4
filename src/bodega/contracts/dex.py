"""Data exchange: figures of the outside world, and the shop's own figures as streams."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Symbol = Annotated[
    str, StringConstraints(strip_whitespace=True, to_upper=True, pattern=r"^[A-Za-z0-9.^=-]{1,15}$")
]
State = Literal["fresh", "cached", "stale", "unavailable"]


class Place(BaseModel):
    model_config = ConfigDict(frozen=True)

    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)


class Answered(BaseModel):
    """`fresh`: asked just now; `cached`: young enough not to ask; `stale`: older, because the
    source does not answer; `unavailable`: nothing known, for the `reason`. `as_of` is when it was
    asked."""

    state: State
    as_of: datetime | None = None
    reason: str | None = None


class WeatherDay(BaseModel):
    """Degrees Celsius, millimetres, kilometres an hour; a WMO weather code."""

    day: date
    temperature_max: float | None
    temperature_min: float | None
    precipitation: float | None
    wind_max: float | None
    code: int | None


class Weather(Answered):
    place: Place
    days: list[WeatherDay] = []


class Quote(BaseModel):
    """A company as its market sees it; `price` of one share in `currency`."""

    symbol: str
    name: str
    price: Decimal
    currency: str
    change_percent: Decimal | None = None


class Market(Answered):
    """One symbol; `quote` is null where there is no such symbol."""

    symbol: str
    quote: Quote | None = None


class ExternalData(BaseModel):
    weather: Weather | None = None
    market: list[Market] = []


class Dataset(BaseModel):
    """A published table; `columns` with DuckDB's types. `by` is the column that `since` and `until`
    bound."""

    name: str
    rows: int
    columns: dict[str, str]
    by: str | None = None


class InsightQuery(BaseModel):
    """`columns` empty is all; `since` and `until` are days, both included."""

    model_config = ConfigDict(frozen=True)

    dataset: str = Field("mart_daily_sales", pattern=r"^[a-z][a-z0-9_]{0,62}$")
    columns: Sequence[Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]{0,62}$")]] = ()
    since: date | None = None
    until: date | None = None
    limit: int | None = Field(None, ge=1, lt=2**63)


class External(Protocol):
    """Outside sources fail one by one: an answer has a state for each."""

    async def look(
        self, *, place: Place | None, past_days: int, symbols: Sequence[str]
    ) -> ExternalData:
        """Weather of the last `past_days` and the coming week, and quotes; never raises for a
        source that fails."""


class Datasets(Protocol):
    """What the lake has published, as the serving process sees it."""

    async def datasets(self) -> list[Dataset]:
        """By name."""


class Insights(Protocol):
    """Rows of published tables as NDJSON, as fast as they are taken and no faster."""

    async def datasets(self) -> list[Dataset]: ...

    async def stream(self, query: InsightQuery) -> AsyncIterator[bytes]:
        """Lines of JSON in chunks. Raises before the first: `NotFound` for an unknown dataset,
        `Rejected` for a column it has not, `Unavailable` when the lake does not answer."""

"""The data dictionary: what every table and column of the lake means, and where it comes from."""

from datetime import datetime
from typing import Literal, Protocol

from pydantic import BaseModel

Layer = Literal[
    "source",
    "bronze",
    "staging",
    "silver",
    "intermediate",
    "gold",
    "metric",
    "number",
    "feature",
    "model",
]
Kind = Literal["public", "personal", "secret"]


class TableLine(BaseModel):
    """`rows` and `state` (how fresh it is) are known of what is published; `personal`: a column of
    it is."""

    name: str
    layer: Layer
    description: str
    owner: str
    columns: int
    personal: bool
    rows: int | None = None
    state: str | None = None


class ColumnLine(BaseModel):
    """`mark` says what it is when it comes from nowhere, `as_in` whose description it shares."""

    name: str
    type: str
    kind: Kind
    description: str
    as_in: str = ""
    mark: str = ""
    tests: list[str] = []
    origins: list[str] = []
    uses: int = 0


class TableView(TableLine):
    """`upstream` and `downstream` are the tables next to it; `examples` are queries for `bodega
    query`; `page` is where people see its figures."""

    grain: str = ""
    label: str = ""
    unit: str = ""
    page: str = ""
    updated_at: datetime | None = None
    version: int | None = None
    tests: list[str] = []
    fields: list[ColumnLine] = []
    upstream: list[str] = []
    downstream: list[str] = []
    examples: list[str] = []


class Found(BaseModel):
    """A table, or a column of one (`column` is its full name)."""

    table: str
    column: str | None
    layer: Layer
    description: str
    kind: Kind = "public"


class LineageStep(BaseModel):
    """`column` is made of `origin`: identity, transformation, aggregation, count, or conditional
    where it only decides."""

    column: str
    origin: str
    how: str


class ColumnView(BaseModel):
    """A column with everything it is made of and that is made of it. `layers` and `kinds` are of
    every column named; `<table>.*` are a table's rows."""

    name: str
    table: str
    about: ColumnLine
    up: list[LineageStep]
    down: list[LineageStep]
    layers: dict[str, Layer]
    kinds: dict[str, Kind]


class Dictionary(Protocol):
    """Empty until the pipelines have made the catalogue."""

    async def tables(self, *, layer: Layer | None = None) -> list[TableLine]:
        """Every table, sources first."""

    async def search(self, *, words: str, limit: int = 50) -> list[Found]:
        """Whatever is called, or described, by all the words."""

    async def table(self, *, name: str) -> TableView | None:
        """By its name, `gold.` may be left out; None for one that is not known."""

    async def column(self, *, name: str) -> ColumnView | None:
        """By its name, `gold.` may be left out; None for one that is not known."""

"""What a load did: every row that was read is kept, unchanged or set aside."""

from collections import Counter

from pydantic import BaseModel, Field

from bodega.data.ingest.sources.tally import Tally


class LoadReport(BaseModel):
    """`rows` = `kept` + `unchanged` + Σ `rejected`. `deleted` counts the marks for keys that a
    whole reading no longer held; they are not rows of the source. `values_dropped` counts values
    that did not fit and were left out, by field. `tally` counts what was handed to the lake,
    `reconciled` says whether the lake holds just that; what is not `fit` goes no further."""

    source: str
    stream: str
    rows: int = 0
    kept: int = 0
    unchanged: int = 0
    deleted: int = 0
    rejected: Counter[str] = Counter()
    values_dropped: Counter[str] = Counter()
    columns_added: list[str] = []
    columns_missing: list[str] = []
    notes: list[str] = []
    commits: int = 0
    position: int = 0
    seconds: float = 0.0
    error: str | None = None
    reconciled: bool | None = None
    fit: bool = True
    tally: Tally | None = Field(None, exclude=True)

    @property
    def set_aside(self) -> int:
        return sum(self.rejected.values())

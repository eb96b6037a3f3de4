"""What staff ask of the read models."""

from datetime import date

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from bodega.contracts.dictionary import Layer


class MetricQuery(BaseModel):
    """`by` may be repeated; days are in UTC, both included."""

    model_config = ConfigDict(extra="forbid")

    by: list[str] = []
    since: date | None = None
    until: date | None = None
    currency: str | None = Field(None, pattern="^[A-Z]{3}$")
    limit: int = Field(1000, ge=1, le=10_000)


class LakeQuery(BaseModel):
    """Tables of a `layer`, or whatever is called or described by the words of `q`."""

    model_config = ConfigDict(extra="forbid")

    q: str = Field("", max_length=200)
    layer: Layer | None = None
    limit: int = Field(50, ge=1, le=500)


class ReadsQuery(BaseModel):
    """`who` and `table` may be parts of a name."""

    model_config = ConfigDict(extra="forbid")

    since: AwareDatetime | None = None
    who: str | None = Field(None, max_length=100)
    table: str | None = Field(None, max_length=100)
    personal: bool = False
    limit: int = Field(100, ge=1, le=1000)

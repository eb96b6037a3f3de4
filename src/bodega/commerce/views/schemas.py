"""What staff ask of the read models, and of stuck events."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from bodega.backbone.events.stuck import StuckEvent
from bodega.contracts.dictionary import Layer
from bodega.kernel.events import Envelope

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class MetricQuery(BaseModel):
    """`by` may be repeated; days are in UTC, both included."""

    model_config = ConfigDict(extra="forbid")

    by: list[str] = []
    since: date | None = None
    until: date | None = None
    currency: str | None = Field(None, pattern="^[A-Z]{3}$")
    limit: int = Field(1000, ge=1, le=10_000)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.since and self.until and self.since > self.until:
            raise ValueError("`since` comes after `until`")
        return self


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


class Why(BaseModel):
    """Why somebody decides; it is kept."""

    model_config = ConfigDict(extra="forbid")

    why: Reason


class Replay(Why):
    """Everything that holds up a consumer, or one key of it."""

    consumer: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    key: UUID | None = None


class Replayed(BaseModel):
    """How many stuck events were woken; those behind them follow by themselves."""

    woken: int


class StuckView(BaseModel):
    """`behind` is how many later events of its key wait for it."""

    consumer: str
    state: str
    attempts: int
    error: str | None
    parked_at: datetime
    next_attempt_at: datetime | None
    behind: int
    event: Envelope

    @classmethod
    def of(cls, found: StuckEvent) -> Self:
        parked = found.parked
        return cls(
            consumer=parked.consumer,
            state=parked.state,
            attempts=parked.attempts,
            error=parked.error,
            parked_at=parked.parked_at,
            next_attempt_at=parked.next_attempt_at if parked.state == "retrying" else None,
            behind=found.behind,
            event=parked.event.envelope,
        )

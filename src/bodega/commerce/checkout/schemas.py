"""Bodies of checkout beyond its contract's values, which are what buyers send and read."""

from pydantic import BaseModel, ConfigDict, Field


class ReviewDecision(BaseModel):
    """What staff decide on a held checkout, and why."""

    model_config = ConfigDict(extra="forbid")

    accept: bool
    note: str = Field(default="", max_length=1000)

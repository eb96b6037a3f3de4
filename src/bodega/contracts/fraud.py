"""How likely a purchase is a fraud, asked before its payment is authorised."""

from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from bodega.kernel.address import CountryCode
from bodega.kernel.ids import CheckoutId, UserId
from bodega.kernel.money import Money

FraudDecision = Literal["accept", "review", "refuse"]


class FraudCheck(BaseModel):
    """What is known of a purchase before it is paid. No personal data: `email_digest` is a keyed
    hash, the same for the same address."""

    model_config = ConfigDict(frozen=True)

    checkout_id: CheckoutId
    customer_id: UserId | None
    email_digest: str
    country: CountryCode
    total: Money
    units: int
    lines: int


class FraudScore(BaseModel):
    """`score` runs from 0 (surely honest) to 1; `reasons` are sentences for whoever reviews."""

    score: float = Field(ge=0, le=1)
    decision: FraudDecision
    reasons: list[str] = []
    model: str


class Fraud(Protocol):
    """Answered by the serving process within its timeout (100 ms); whoever asks states what a late
    answer means."""

    async def score(self, check: FraudCheck) -> FraudScore:
        """Raises `Unavailable` when it cannot be told in time."""

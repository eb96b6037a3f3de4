"""What payments asks of any provider."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from bodega.kernel.money import Money

ProviderStatus = Literal["authorised", "declined", "captured", "cancelled", "refunded"]


@dataclass(frozen=True, slots=True)
class ProviderPayment:
    """How a payment stands with the provider; `amount` is what it captured, or holds."""

    reference: str | None
    status: ProviderStatus
    amount: Money
    card_brand: str | None = None
    card_last4: str | None = None
    failure_code: str | None = None
    failure_detail: str | None = None


class Provider(Protocol):
    """Every call is idempotent by `payment_id`. Raises ProviderUnreachable when the answer is lost:
    the call may or may not have had its effect, so the next one asks."""

    name: str

    async def authorise(self, *, payment_id: UUID, amount: Money, token: str) -> ProviderPayment:
        """Hold `amount` on the card behind `token`: authorised or declined."""

    async def find(self, *, payment_id: UUID, since: datetime) -> ProviderPayment | None:
        """The payment made for `payment_id` at or after `since`; None when there is none."""

    async def capture(self, *, payment_id: UUID, reference: str, amount: Money) -> ProviderPayment:
        """Take the money held. Anything but `captured` means it cannot be taken any more."""

    async def void(self, *, payment_id: UUID, reference: str) -> ProviderPayment:
        """Let the hold go, or give back what was captured: cancelled, declined or refunded."""

    async def aclose(self) -> None:
        """Give the connections back."""

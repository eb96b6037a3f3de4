"""What payments asks of any provider."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from bodega.contracts.books import DisputeStatus
from bodega.kernel.money import Money

ProviderStatus = Literal[
    "requires_action",
    "processing",
    "authorised",
    "declined",
    "captured",
    "cancelled",
    "refunded",
]
ProviderRefundStatus = Literal["pending", "succeeded", "failed"]
CaptureMethod = Literal["manual", "automatic"]


@dataclass(frozen=True, slots=True)
class Authorisation:
    """What is asked for. `customer` is the provider's own id of the buyer; without a `return_url`
    nobody can act, so a payment that needs an action is declined. `save` keeps the card for that
    customer; `off_session` says that the buyer is away and agreed to it before."""

    payment_id: UUID
    amount: Money
    token: str
    customer: str | None = None
    return_url: str | None = None
    capture: CaptureMethod = "manual"
    save: bool = False
    off_session: bool = False


@dataclass(frozen=True, slots=True)
class Risk:
    """What the provider's own screening made of it: Stripe's Radar, level, score and reason."""

    level: str | None = None
    score: int | None = None
    reason: str | None = None


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
    action_url: str | None = None
    risk: Risk | None = None


@dataclass(frozen=True, slots=True)
class ProviderRefund:
    """Money on its way back. `refund_id` is ours, None for one that was not asked for here."""

    reference: str
    status: ProviderRefundStatus
    amount: Money
    refund_id: UUID | None = None
    failure_code: str | None = None


@dataclass(frozen=True, slots=True)
class ProviderRecord:
    """A payment as the provider's books hold it, for reconciliation. `payment_id` is ours, None
    when somebody charged past us; `fee` is None until the provider has booked it."""

    reference: str
    payment_id: UUID | None
    status: ProviderStatus
    amount: Money
    captured: Money
    refunded: Money
    created_at: datetime
    fee: Money | None = None
    disputed: bool = False
    refunds: tuple[ProviderRefund, ...] = ()


@dataclass(frozen=True, slots=True)
class ProviderDispute:
    """A buyer's bank takes money back. `provider_status` is the provider's own word."""

    reference: str
    payment_reference: str | None
    amount: Money
    reason: str
    status: DisputeStatus
    provider_status: str
    created_at: datetime
    evidence_due_at: datetime | None = None
    has_evidence: bool = False
    evidence: Mapping[str, str] = field(default_factory=dict)


class Provider(Protocol):
    """Every command is idempotent by our id. Raises ProviderUnreachable when the answer is lost:
    the call may or may not have had its effect, so the next one asks."""

    name: str

    async def authorise(self, asked: Authorisation) -> ProviderPayment:
        """Hold or take the money: authorised, captured, requires_action or declined."""

    async def find(self, *, payment_id: UUID, since: datetime) -> ProviderPayment | None:
        """The payment made for `payment_id` at or after `since`; None when there is none."""

    async def retrieve(self, *, payment_id: UUID, reference: str) -> ProviderPayment:
        """How it stands now; a provider that wants one more call after its buyer's action makes it
        here."""

    async def capture(self, *, payment_id: UUID, reference: str, amount: Money) -> ProviderPayment:
        """Take the money held, or a part and let go of the rest. Anything but `captured` means it
        cannot be taken any more."""

    async def void(self, *, payment_id: UUID, reference: str) -> ProviderPayment:
        """Let the hold go, or give back what was captured: cancelled, declined or refunded."""

    async def refund(
        self, *, refund_id: UUID, reference: str, amount: Money, reason: str
    ) -> ProviderRefund:
        """Give a part back; a refusal is `failed`, with its code."""

    async def find_refund(self, *, refund_id: UUID, reference: str) -> ProviderRefund | None:
        """The refund made for `refund_id`; None when there is none."""

    def list_payments(self, *, since: datetime, until: datetime) -> AsyncIterator[ProviderRecord]:
        """Every payment created in [since, until), newest first, with fees and refunds."""

    async def dispute(self, reference: str) -> ProviderDispute | None:
        """None when the provider knows no such dispute."""

    def list_disputes(self, *, since: datetime, until: datetime) -> AsyncIterator[ProviderDispute]:
        """Every dispute opened in [since, until), newest first."""

    async def submit_evidence(
        self, reference: str, *, evidence: Mapping[str, str], submit: bool
    ) -> ProviderDispute:
        """Stage evidence by the provider's field names; with `submit` it goes to the bank."""

    async def aclose(self) -> None:
        """Give the connections back."""

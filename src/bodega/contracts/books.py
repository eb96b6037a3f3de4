"""The books of payments: ledger, conflicts with the provider, disputes, webhooks in."""

from datetime import datetime
from typing import ClassVar, Literal, Protocol
from uuid import UUID

from pydantic import BaseModel

from bodega.kernel.events import Event
from bodega.kernel.ids import CheckoutId, DisputeId, PaymentId
from bodega.kernel.money import Money
from bodega.kernel.page import Page, PageRequest

LedgerAccount = Literal[
    "receivable", "provider_clearing", "fees", "refunds", "chargebacks", "revenue", "tax"
]
LedgerKind = Literal[
    "sale",
    "capture",
    "void",
    "refund",
    "refund_failed",
    "refund_tax",
    "exchange",
    "fee",
    "chargeback",
    "reinstatement",
]


class LedgerLine(BaseModel):
    """A debit when `amount` is positive, a credit when it is negative; minor units."""

    account: LedgerAccount
    amount: int


class LedgerEntry(BaseModel):
    """One booking; its lines sum to zero. What came back of the sale `credit_of` pays that of
    `checkout_id`, where the kind is `exchange`."""

    id: UUID
    kind: LedgerKind
    checkout_id: CheckoutId | None
    payment_id: PaymentId | None
    credit_of: CheckoutId | None = None
    currency: str
    occurred_at: datetime
    lines: list[LedgerLine]


class AccountBalance(BaseModel):
    """Debits less credits of an account; over all accounts of a currency they are zero."""

    account: LedgerAccount
    currency: str
    balance: int


ConflictKind = Literal[
    "amount",
    "currency",
    "status",
    "refund",
    "fee",
    "unknown_payment",
    "missing_at_provider",
    "unsettled",
]
DisputeStatus = Literal["needs_response", "under_review", "won", "lost", "closed"]


class ConflictView(BaseModel):
    """Where the provider and we disagree; stays open until staff say what they did about it."""

    id: UUID
    kind: ConflictKind
    provider: str
    payment_id: PaymentId | None
    reference: str | None
    expected: str
    seen: str
    source: str
    found_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    note: str | None


class DisputeView(BaseModel):
    """A buyer's objection with the bank. An inquiry has taken no money yet."""

    id: DisputeId
    payment_id: PaymentId | None
    checkout_id: CheckoutId | None
    provider: str
    reference: str
    amount: Money
    reason: str
    status: DisputeStatus
    inquiry: bool
    opened_at: datetime
    due_at: datetime | None
    evidence_sent_at: datetime | None
    closed_at: datetime | None


DifferenceKind = Literal[
    "missing_here",
    "twice",
    "missing_there",
    "amount",
    "currency",
    "status",
    "unsettled",
    "refund",
    "fee",
]


class Difference(BaseModel):
    """One thing on which our books and the provider's list differ, and what it may come from."""

    kind: DifferenceKind
    provider: str = ""
    payment_id: PaymentId | None
    reference: str | None
    here: str
    there: str
    explanation: str


class Reconciliation(BaseModel):
    """What was compared, and what differs. `not_compared` are payments of ours by provider, of
    providers that are not set up here."""

    since: datetime
    until: datetime
    here: int
    there: int
    fees_booked: int
    differences: list[Difference]
    not_compared: dict[str, int] = {}


class PaymentConflictFound(Event):
    type: ClassVar[str] = "payments.conflict_found"
    conflict_id: UUID
    kind: ConflictKind
    payment_id: PaymentId | None

    @property
    def key(self) -> UUID:
        return self.payment_id or self.conflict_id


class DisputeOpened(Event):
    type: ClassVar[str] = "payments.dispute_opened"
    dispute_id: DisputeId
    payment_id: PaymentId | None
    checkout_id: CheckoutId | None
    amount: Money
    reason: str
    due_at: datetime | None

    @property
    def key(self) -> DisputeId:
        return self.dispute_id


class DisputeDeadlineNear(Event):
    """Evidence is due within `days`; 0 says that the deadline has passed."""

    type: ClassVar[str] = "payments.dispute_deadline_near"
    dispute_id: DisputeId
    days: int
    due_at: datetime

    @property
    def key(self) -> DisputeId:
        return self.dispute_id


class DisputeClosed(Event):
    type: ClassVar[str] = "payments.dispute_closed"
    dispute_id: DisputeId
    payment_id: PaymentId | None
    status: DisputeStatus

    @property
    def key(self) -> DisputeId:
        return self.dispute_id


class Books(Protocol):
    """What staff see of the money: the ledger, conflicts with the provider, disputes."""

    async def balances(self) -> list[AccountBalance]:
        """By currency and account."""

    async def entries(
        self, page: PageRequest, *, checkout_id: CheckoutId | None = None
    ) -> Page[LedgerEntry]:
        """Newest first."""

    async def conflicts(
        self, page: PageRequest, *, resolved: bool | None = None
    ) -> Page[ConflictView]:
        """Newest first."""

    async def resolve(self, conflict_id: UUID, *, by: str, note: str) -> ConflictView:
        """Staff say what they did about it. Raises `Conflict` when somebody did before."""

    async def disputes(
        self, page: PageRequest, *, status: DisputeStatus | None = None
    ) -> Page[DisputeView]:
        """Newest first."""

    async def submit_evidence(
        self, dispute_id: DisputeId, *, evidence: dict[str, str], by: str
    ) -> DisputeView:
        """By the provider's names of fields; once. Raises `Conflict` when none is waited for."""


class Webhooks(Protocol):
    """The providers' way in."""

    async def receive(self, *, provider: str, body: bytes, headers: dict[str, str]) -> bool:
        """Verify over the raw body and store; False when it was stored before. Header names are
        lower case. Raises `Rejected` for a forged or malformed one."""

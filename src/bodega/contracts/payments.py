"""Money from customers, through a provider."""

from datetime import datetime
from typing import ClassVar, Literal, Protocol
from uuid import UUID

from pydantic import BaseModel

from bodega.kernel.events import Event
from bodega.kernel.ids import CheckoutId, CommandId, DisputeId, PaymentId, RefundId, UserId
from bodega.kernel.money import Money
from bodega.kernel.page import Page, PageRequest

PaymentStatus = Literal[
    "authorising",
    "requires_action",
    "authorised",
    "declined",
    "capturing",
    "captured",
    "voiding",
    "voided",
]

RefundStatus = Literal["pending", "succeeded", "failed"]


class PaymentView(BaseModel):
    """A payment; `failure_code` is the provider's decline code. `requires_action` sends the buyer
    to `action_url` (3-D Secure, an approval page). `captured` is what was taken, a part of `amount`
    perhaps, and None before; `refunded` is None until money went back."""

    id: PaymentId
    checkout_id: CheckoutId
    amount: Money
    status: PaymentStatus
    failure_code: str | None = None
    action_url: str | None = None
    captured: Money | None = None
    refunded: Money | None = None


class PaymentTransition(BaseModel):
    """One step in the life of a payment, or of the refund `refund_id`."""

    before: str | None
    after: str
    note: str | None
    at: datetime
    refund_id: RefundId | None = None


class PaymentRecord(PaymentView):
    """A payment as staff see it, with its whole history. `risk_*` is what the provider's own
    screening (Stripe's Radar) made of it."""

    provider: str
    provider_reference: str | None
    card_brand: str | None
    card_last4: str | None
    failure_detail: str | None
    risk_level: str | None = None
    risk_score: int | None = None
    risk_reason: str | None = None
    transitions: list[PaymentTransition]


class PaymentCaptured(Event):
    type: ClassVar[str] = "payments.payment_captured"
    payment_id: PaymentId
    checkout_id: CheckoutId
    amount: Money

    @property
    def key(self) -> CheckoutId:
        return self.checkout_id


class PaymentActionDone(Event):
    """The buyer came back from `action_url`, or the provider says so: ask `confirm` how it went."""

    type: ClassVar[str] = "payments.payment_action_done"
    payment_id: PaymentId
    checkout_id: CheckoutId

    @property
    def key(self) -> CheckoutId:
        return self.checkout_id


class PaymentRefunded(Event):
    type: ClassVar[str] = "payments.payment_refunded"
    payment_id: PaymentId
    refund_id: RefundId
    checkout_id: CheckoutId
    amount: Money

    @property
    def key(self) -> CheckoutId:
        return self.checkout_id


class PaymentVoided(Event):
    type: ClassVar[str] = "payments.payment_voided"
    payment_id: PaymentId
    checkout_id: CheckoutId

    @property
    def key(self) -> CheckoutId:
        return self.checkout_id


class RefundView(BaseModel):
    id: RefundId
    payment_id: PaymentId
    amount: Money
    status: RefundStatus
    reason: str
    failure_code: str | None = None


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
    "fee",
    "chargeback",
    "reinstatement",
]


class LedgerLine(BaseModel):
    """A debit when `amount` is positive, a credit when it is negative; minor units."""

    account: LedgerAccount
    amount: int


class LedgerEntry(BaseModel):
    """One booking; its lines sum to zero."""

    id: UUID
    kind: LedgerKind
    checkout_id: CheckoutId | None
    payment_id: PaymentId | None
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
    payment_id: PaymentId | None
    reference: str | None
    here: str
    there: str
    explanation: str


class Reconciliation(BaseModel):
    """What was compared, and what differs."""

    since: datetime
    until: datetime
    here: int
    there: int
    fees_booked: int
    differences: list[Difference]


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


class Payments(Protocol):
    """Intent is committed before each provider call and the outcome after it; a call whose answer
    was lost is settled by asking the provider, never by guessing. Idempotent by `checkout_id`.
    Raises `Unavailable` when the provider cannot be asked: the same call may be made again."""

    async def authorise(
        self,
        *,
        checkout_id: CheckoutId,
        amount: Money,
        payment_token: str,
        customer_id: UserId | None = None,
        return_url: str | None = None,
        capture_method: Literal["manual", "automatic"] = "manual",
    ) -> PaymentView:
        """Authorised (captured, when `automatic`), declined, or `requires_action`. The token's
        prefix names the provider. Without a `return_url` nobody can act: a payment that would need
        it is declined."""

    async def confirm(self, *, checkout_id: CheckoutId) -> PaymentView:
        """Ask the provider how a payment that required an action stands; any other as it is."""

    async def capture(self, *, checkout_id: CheckoutId, amount: Money | None = None) -> PaymentView:
        """Take the authorised money, or a part of it (the rest is let go); captured again is no
        error. Raises `Conflict` for more than was authorised."""

    async def refund(
        self, *, command_id: CommandId, checkout_id: CheckoutId, amount: Money, reason: str
    ) -> RefundView:
        """Give back a part or all of what was captured. Raises `Conflict` for more than is left."""

    async def refunds(self, checkout_id: CheckoutId) -> list[RefundView]: ...

    async def void(self, *, checkout_id: CheckoutId) -> PaymentView | None:
        """Let an authorisation go, or refund what was captured; None when there was neither."""

    async def payment(self, checkout_id: CheckoutId) -> PaymentView | None: ...

    async def record(self, payment_id: PaymentId) -> PaymentRecord | None:
        """The payment with every transition, for staff."""


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


class Webhooks(Protocol):
    """The providers' way in."""

    async def receive(self, *, provider: str, body: bytes, headers: dict[str, str]) -> bool:
        """Verify over the raw body and store; False when it was stored before. Header names are
        lower case. Raises `Rejected` for a forged or malformed one."""

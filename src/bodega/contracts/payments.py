"""Money from customers, through a provider."""

from datetime import datetime
from typing import ClassVar, Literal, Protocol

from pydantic import BaseModel

from bodega.kernel.events import Event
from bodega.kernel.ids import (
    CheckoutId,
    CommandId,
    OperationId,
    PaymentId,
    RefundId,
    UserId,
)
from bodega.kernel.money import Money

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
    perhaps, and None before; `refunded` is None until money went back. `attempt` counts the tries
    of what it is filed under, from 0."""

    id: PaymentId
    checkout_id: CheckoutId
    amount: Money
    status: PaymentStatus
    failure_code: str | None = None
    action_url: str | None = None
    captured: Money | None = None
    refunded: Money | None = None
    attempt: int = 0


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
    """`operation_id` is whose refund it was; `retry_of` a refund that had failed before."""

    type: ClassVar[str] = "payments.payment_refunded"
    payment_id: PaymentId
    refund_id: RefundId
    checkout_id: CheckoutId
    amount: Money
    operation_id: OperationId | None = None
    retry_of: RefundId | None = None

    @property
    def key(self) -> CheckoutId:
        return self.checkout_id


class PaymentRefundFailed(Event):
    """Money that was on its way back, or had gone back, did not arrive: its bank returned it."""

    type: ClassVar[str] = "payments.payment_refund_failed"
    payment_id: PaymentId
    refund_id: RefundId
    checkout_id: CheckoutId
    amount: Money
    failure_code: str
    operation_id: OperationId | None = None

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
    """Money on its way back. `operation_id` is the change of an order it was made for; `retry_of`
    the refund that failed before."""

    id: RefundId
    payment_id: PaymentId
    amount: Money
    status: RefundStatus
    reason: str
    failure_code: str | None = None
    operation_id: OperationId | None = None
    retry_of: RefundId | None = None


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
        save_method: bool = False,
        off_session: bool = False,
        attempt: int = 0,
    ) -> PaymentView:
        """Authorised (captured, when `automatic`), declined, or `requires_action`. The token's
        prefix names the provider. Without a `return_url` nobody can act: a payment that would need
        it is declined. `save_method`: the customer has agreed that the provider keeps the card;
        `off_session`: the customer is away, so a card that asks for them is declined. A higher
        `attempt` asks for the same once more, with another card, when the try before was declined
        or let go; one that waits for its buyer's bank is let go, one that has the money, or is
        about to, is answered instead: of all tries one is paid."""

    async def confirm(self, *, checkout_id: CheckoutId) -> PaymentView:
        """Ask the provider how a payment that required an action stands; any other as it is."""

    async def capture(self, *, checkout_id: CheckoutId, amount: Money | None = None) -> PaymentView:
        """Take the authorised money, or a part of it (the rest is let go); captured again is no
        error. Raises `Conflict` for more than was authorised."""

    async def refund(
        self,
        *,
        command_id: CommandId,
        checkout_id: CheckoutId,
        amount: Money,
        reason: str,
        sale_id: CheckoutId | None = None,
        operation_id: OperationId | None = None,
    ) -> RefundView:
        """Give back a part or all of what was captured. `sale_id` is whose money it is, when that
        is not what the payment was made for. Raises `Conflict` for more than is left."""

    async def retry_refund(self, *, command_id: CommandId, refund_id: RefundId) -> RefundView:
        """Another refund of the same amount for one that failed. Raises `NotFound`, and `Conflict`
        for one that has not failed or was tried again already."""

    async def refunds(self, checkout_id: CheckoutId) -> list[RefundView]: ...

    async def charged_back(self, checkout_id: CheckoutId) -> Money | None:
        """What the buyer's bank took back for good, in disputes that were lost."""

    async def void(
        self, *, checkout_id: CheckoutId, attempt: int | None = None
    ) -> PaymentView | None:
        """Let an authorisation go, or refund what was captured; None when there was neither. With
        an `attempt`, only when no later one was begun."""

    async def payment(self, checkout_id: CheckoutId) -> PaymentView | None: ...

    async def record(self, payment_id: PaymentId) -> PaymentRecord | None:
        """The payment with every transition, for staff."""

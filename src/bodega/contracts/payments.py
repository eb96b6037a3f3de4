"""Money from customers, through a provider."""

from datetime import datetime
from typing import ClassVar, Literal, Protocol

from pydantic import BaseModel

from bodega.kernel.events import Event
from bodega.kernel.ids import CheckoutId, PaymentId
from bodega.kernel.money import Money

PaymentStatus = Literal[
    "authorising",
    "authorised",
    "declined",
    "capturing",
    "captured",
    "voiding",
    "voided",
]


class PaymentView(BaseModel):
    """A payment; `failure_code` is the provider's decline code."""

    id: PaymentId
    checkout_id: CheckoutId
    amount: Money
    status: PaymentStatus
    failure_code: str | None = None


class PaymentTransition(BaseModel):
    """One step in the life of a payment."""

    before: str | None
    after: str
    note: str | None
    at: datetime


class PaymentRecord(PaymentView):
    """A payment as staff see it, with its whole history."""

    provider: str
    provider_reference: str | None
    card_brand: str | None
    card_last4: str | None
    failure_detail: str | None
    transitions: list[PaymentTransition]


class PaymentCaptured(Event):
    type: ClassVar[str] = "payments.payment_captured"
    payment_id: PaymentId
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


class Payments(Protocol):
    """Intent is committed before each provider call and the outcome after it; a call whose answer
    was lost is settled by asking the provider, never by guessing. Idempotent by `checkout_id`.
    Raises `Unavailable` when the provider cannot be asked: the same call may be made again."""

    async def authorise(
        self, *, checkout_id: CheckoutId, amount: Money, payment_token: str
    ) -> PaymentView:
        """Authorised or declined."""

    async def capture(self, *, checkout_id: CheckoutId) -> PaymentView:
        """Take the authorised money; captured again is no error."""

    async def void(self, *, checkout_id: CheckoutId) -> PaymentView | None:
        """Let an authorisation go, or refund what was captured; None when there was neither."""

    async def payment(self, checkout_id: CheckoutId) -> PaymentView | None: ...

    async def record(self, payment_id: PaymentId) -> PaymentRecord | None:
        """The payment with every transition, for staff."""

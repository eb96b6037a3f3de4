"""Use cases of payments: intent committed before each provider call, outcome after it."""

from typing import Any

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.commerce.payments.adapters.free import FreeOfCharge
from bodega.commerce.payments.adapters.port import Provider, ProviderPayment
from bodega.commerce.payments.adapters.stripe import StripeProvider
from bodega.commerce.payments.domain import AMOUNT_MISMATCH, NOT_CAPTURABLE, may_follow
from bodega.commerce.payments.errors import AmountChanged, PaymentUnknown, ProviderUnreachable
from bodega.commerce.payments.repository import payments as repository
from bodega.commerce.payments.repository.payments import Payment
from bodega.commerce.payments.service import ledger
from bodega.contracts.payments import (
    PaymentCaptured,
    PaymentRecord,
    PaymentStatus,
    PaymentView,
    PaymentVoided,
)
from bodega.kernel.ids import CheckoutId, PaymentId, UserId
from bodega.kernel.money import Money


async def settle_authorisation(
    uow: UnitOfWork, *, checkout_id: CheckoutId, outcome: ProviderPayment
) -> Payment:
    """Record what the provider answered; a payment that moved on meanwhile stays as it is."""
    payment = await _locked(uow, checkout_id)
    if payment.status != "authorising":
        return payment
    known = _known(outcome)
    if outcome.status == "declined":
        return await _move(uow, payment, "declined", **known)
    if outcome.status == "authorised" and outcome.amount == payment.amount:
        return await _move(uow, payment, "authorised", **known)
    note = f"the provider says {outcome.status} over {outcome.amount}"
    known |= {"failure_code": AMOUNT_MISMATCH}
    return await _move(uow, payment, "voiding", note=note, **known)


async def begin_capture(uow: UnitOfWork, *, checkout_id: CheckoutId) -> Payment:
    payment = await _locked(uow, checkout_id)
    if payment.status != "authorised":
        return payment
    return await _move(uow, payment, "capturing")


async def settle_capture(
    uow: UnitOfWork, *, checkout_id: CheckoutId, outcome: ProviderPayment
) -> Payment:
    """Captured, or on its way to being voided."""
    payment = await _locked(uow, checkout_id)
    if payment.status != "capturing":
        return payment
    if outcome.status == "captured" and outcome.amount == payment.amount:
        uow.emit(
            PaymentCaptured(payment_id=payment.id, checkout_id=checkout_id, amount=payment.amount)
        )
        await ledger.book_capture(uow, payment, outcome.amount)
        return await _move(uow, payment, "captured")
    code = AMOUNT_MISMATCH if outcome.status == "captured" else NOT_CAPTURABLE
    note = f"the provider says {outcome.status} over {outcome.amount}"
    return await _move(uow, payment, "voiding", note=note, failure_code=code)


async def begin_void(uow: UnitOfWork, *, checkout_id: CheckoutId) -> Payment | None:
    """None when there is nothing to give back."""
    payment = await repository.find_payment(uow.connection, checkout_id, lock=True)
    if payment is None or not may_follow(payment.status, "voiding"):
        return payment
    return await _move(uow, payment, "voiding")


async def settle_void(
    uow: UnitOfWork, *, checkout_id: CheckoutId, outcome: ProviderPayment | None
) -> Payment:
    payment = await _locked(uow, checkout_id)
    if payment.status != "voiding":
        return payment
    uow.emit(PaymentVoided(payment_id=payment.id, checkout_id=checkout_id))
    await ledger.book_void(uow, payment)
    note = outcome.status if outcome else "nothing was authorised"
    return await _move(uow, payment, "voided", note=note)


async def _locked(uow: UnitOfWork, checkout_id: CheckoutId) -> Payment:
    payment = await repository.find_payment(uow.connection, checkout_id, lock=True)
    if payment is None:
        raise PaymentUnknown
    return payment


async def _move(
    uow: UnitOfWork,
    payment: Payment,
    after: PaymentStatus,
    *,
    note: str | None = None,
    **changes: Any,
) -> Payment:
    if not may_follow(payment.status, after):
        raise ValueError(f"a payment never goes from {payment.status} to {after}")
    forget = {"payment_token": None}
    await repository.change_payment(
        uow.connection, payment, after=after, changes=changes | forget, note=note
    )
    return await _locked(uow, payment.checkout_id)


def _known(outcome: ProviderPayment) -> dict[str, Any]:
    return {
        "provider_reference": outcome.reference,
        "card_brand": outcome.card_brand,
        "card_last4": outcome.card_last4,
        "failure_code": outcome.failure_code,
        "failure_detail": outcome.failure_detail,
    }


class PaymentsService:
    """Answers `bodega.contracts.payments.Payments`."""

    def __init__(self, context: Context) -> None:
        self._database = context.database
        self._provider: Provider = StripeProvider(context.settings)
        self._free: Provider = FreeOfCharge()

    async def aclose(self) -> None:
        await self._provider.aclose()

    async def payment(self, checkout_id: CheckoutId) -> PaymentView | None:
        async with self._database.reading() as connection:
            found = await repository.find_payment(connection, checkout_id)
        return found.view() if found else None

    async def record(self, payment_id: PaymentId) -> PaymentRecord | None:
        async with self._database.reading() as connection:
            return await repository.find_record(connection, payment_id)

    async def authorise(
        self,
        *,
        checkout_id: CheckoutId,
        amount: Money,
        payment_token: str,
        customer_id: UserId | None = None,
        return_url: str | None = None,
    ) -> PaymentView:
        async with self._database.work() as uow:
            fresh = await repository.open_payment(
                uow.connection,
                checkout_id=checkout_id,
                amount=amount,
                provider=self._for(amount).name,
                token=payment_token,
            )
            payment = await _locked(uow, checkout_id)
        if payment.amount != amount:
            raise AmountChanged
        return (await self._authorised(payment, fresh=fresh)).view()

    async def confirm(self, *, checkout_id: CheckoutId) -> PaymentView:
        payment = await self.payment(checkout_id)
        if payment is None:
            raise PaymentUnknown
        return payment

    async def capture(self, *, checkout_id: CheckoutId) -> PaymentView:
        async with self._database.work() as uow:
            payment = await begin_capture(uow, checkout_id=checkout_id)
        if payment.status != "capturing":
            return payment.view()
        outcome = await self._for(payment.amount).capture(
            payment_id=payment.id, reference=str(payment.reference), amount=payment.amount
        )
        async with self._database.work() as uow:
            settled = await settle_capture(uow, checkout_id=checkout_id, outcome=outcome)
        return settled.view()

    async def void(self, *, checkout_id: CheckoutId) -> PaymentView | None:
        await self._finish_authorising(checkout_id)
        async with self._database.work() as uow:
            payment = await begin_void(uow, checkout_id=checkout_id)
        if payment is None or payment.status != "voiding":
            return payment.view() if payment else None
        outcome = (
            await self._for(payment.amount).void(payment_id=payment.id, reference=payment.reference)
            if payment.reference
            else None
        )
        async with self._database.work() as uow:
            settled = await settle_void(uow, checkout_id=checkout_id, outcome=outcome)
        return settled.view()

    async def _finish_authorising(self, checkout_id: CheckoutId) -> None:
        """A hold whose answer was lost is made sure of before it is let go."""
        async with self._database.reading() as connection:
            payment = await repository.find_payment(connection, checkout_id)
        if payment is not None and payment.status == "authorising":
            await self._authorised(payment, fresh=False)

    async def _authorised(self, payment: Payment, *, fresh: bool) -> Payment:
        if payment.status != "authorising":
            return payment
        outcome = await self._ask(payment, fresh=fresh)
        async with self._database.work() as uow:
            return await settle_authorisation(uow, checkout_id=payment.checkout_id, outcome=outcome)

    async def _ask(self, payment: Payment, *, fresh: bool) -> ProviderPayment:
        """Authorise; when an answer was lost, ask what became of it before asking again."""
        provider = self._for(payment.amount)
        if not fresh:
            found = await provider.find(payment_id=payment.id, since=payment.started_at)
            if found is not None:
                return found
        try:
            return await provider.authorise(
                payment_id=payment.id, amount=payment.amount, token=str(payment.token)
            )
        except ProviderUnreachable:
            found = await provider.find(payment_id=payment.id, since=payment.started_at)
            if found is None:
                raise
            return found

    def _for(self, amount: Money) -> Provider:
        return self._provider if amount.amount else self._free

"""Use cases of payments: intent committed before each provider call, outcome after it."""

from typing import Any

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.commerce.payments.adapters.port import (
    Authorisation,
    CaptureMethod,
    ProviderPayment,
    Risk,
)
from bodega.commerce.payments.adapters.providers import Providers
from bodega.commerce.payments.adapters.stripe_vault import StripeVault
from bodega.commerce.payments.domain import (
    AMOUNT_MISMATCH,
    CANCELLED,
    NOT_CAPTURABLE,
    UNREACHABLE_ACTION,
    may_follow,
)
from bodega.commerce.payments.errors import (
    AmountChanged,
    AmountInvalid,
    CaptureTooLarge,
    PaymentUnknown,
    ProviderUnreachable,
)
from bodega.commerce.payments.repository import customers, disputes
from bodega.commerce.payments.repository import payments as repository
from bodega.commerce.payments.repository.payments import Payment
from bodega.commerce.payments.service import ledger
from bodega.commerce.payments.service.customers import opened_customer
from bodega.commerce.payments.service.refunds import RefundDesk
from bodega.contracts.payments import (
    PaymentCaptured,
    PaymentRecord,
    PaymentStatus,
    PaymentView,
    PaymentVoided,
    RefundView,
)
from bodega.kernel.ids import (
    CheckoutId,
    CommandId,
    OperationId,
    PaymentId,
    RefundId,
    UserId,
)
from bodega.kernel.money import Money


async def settle_authorisation(
    uow: UnitOfWork, *, payment_id: PaymentId, outcome: ProviderPayment
) -> Payment:
    """Record what the provider answered; a payment that moved on meanwhile stays as it is."""
    payment = await _locked(uow, payment_id)
    if payment.status not in ("authorising", "requires_action"):
        return payment
    if outcome.status in ("declined", "cancelled"):
        known = _known(outcome) | {"failure_code": outcome.failure_code or CANCELLED}
        return _move(uow, payment, "declined", **known)
    if outcome.amount == payment.amount:
        return _settle_in_full(uow, payment, outcome)
    return _give_up(uow, payment, outcome, AMOUNT_MISMATCH)


def _settle_in_full(uow: UnitOfWork, payment: Payment, outcome: ProviderPayment) -> Payment:
    if outcome.status == "requires_action":
        return _wait_for_buyer(uow, payment, outcome)
    if outcome.status == "authorised":
        return _move(uow, payment, "authorised", **_known(outcome))
    if outcome.status == "captured" and payment.capture_method == "automatic":
        return _captured(uow, payment, outcome.amount, **_known(outcome))
    return _give_up(uow, payment, outcome, AMOUNT_MISMATCH)


def _wait_for_buyer(uow: UnitOfWork, payment: Payment, outcome: ProviderPayment) -> Payment:
    if payment.status == "requires_action":
        return payment
    if outcome.action_url is None:
        return _give_up(uow, payment, outcome, UNREACHABLE_ACTION)
    return _move(uow, payment, "requires_action", action_url=outcome.action_url, **_known(outcome))


def _captured(uow: UnitOfWork, payment: Payment, taken: Money, **changes: Any) -> Payment:
    uow.emit(PaymentCaptured(payment_id=payment.id, checkout_id=payment.checkout_id, amount=taken))
    ledger.book_capture(uow, payment, taken)
    return _move(uow, payment, "captured", capture_amount=taken.amount, **changes)


def _give_up(uow: UnitOfWork, payment: Payment, outcome: ProviderPayment, code: str) -> Payment:
    """What the provider says is not what was asked for: whatever it holds is let go."""
    note = f"the provider says {outcome.status} over {outcome.amount}"
    changes = _known(outcome) | {"failure_code": code}
    return _move(uow, payment, "voiding", note=note, **changes)


async def begin_capture(
    uow: UnitOfWork, *, checkout_id: CheckoutId, amount: Money | None = None
) -> Payment:
    """The intent to take `amount`, or all; a payment that is past that stays as it is."""
    payment = await repository.find_payment(uow.connection, checkout_id, lock=True)
    if payment is None:
        raise PaymentUnknown
    if payment.status != "authorised":
        return payment
    wanted = amount or payment.amount
    if wanted.currency != payment.amount.currency or (amount is not None and amount.amount <= 0):
        raise AmountInvalid
    if payment.amount < wanted:
        raise CaptureTooLarge
    return _move(uow, payment, "capturing", capture_amount=wanted.amount)


async def settle_capture(
    uow: UnitOfWork, *, payment_id: PaymentId, outcome: ProviderPayment
) -> Payment:
    """Captured, or on its way to being voided."""
    payment = await _locked(uow, payment_id)
    if payment.status != "capturing":
        return payment
    if outcome.status == "captured" and outcome.amount == (payment.taken or payment.amount):
        return _captured(uow, payment, outcome.amount)
    code = AMOUNT_MISMATCH if outcome.status == "captured" else NOT_CAPTURABLE
    note = f"the provider says {outcome.status} over {outcome.amount}"
    return _move(uow, payment, "voiding", note=note, failure_code=code)


async def begin_void(
    uow: UnitOfWork, *, checkout_id: CheckoutId, attempt: int | None = None
) -> Payment | None:
    """None when there is nothing to give back."""
    payment = await repository.find_payment(uow.connection, checkout_id, lock=True)
    if payment is None or not may_follow(payment.status, "voiding"):
        return payment
    if attempt is not None and payment.attempt != attempt:
        return payment
    return _move(uow, payment, "voiding")


async def settle_void(
    uow: UnitOfWork, *, payment_id: PaymentId, outcome: ProviderPayment | None
) -> Payment:
    payment = await _locked(uow, payment_id)
    if payment.status != "voiding":
        return payment
    uow.emit(PaymentVoided(payment_id=payment.id, checkout_id=payment.checkout_id))
    await ledger.book_void(uow, payment)
    note = outcome.status if outcome else "nothing was authorised"
    return _move(uow, payment, "voided", note=note)


async def begin_another(
    uow: UnitOfWork, *, checkout_id: CheckoutId, attempt: int
) -> Payment | None:
    """An earlier try whose buyer was asked by their bank, and did not answer, is let go; any other
    stays as it is."""
    payment = await repository.find_payment(uow.connection, checkout_id, lock=True)
    if payment is None or payment.attempt >= attempt or payment.status != "requires_action":
        return payment
    return _move(uow, payment, "voiding", note="another card is tried")


async def _locked(uow: UnitOfWork, payment_id: PaymentId) -> Payment:
    payment = await repository.find_by_id(uow.connection, payment_id, lock=True)
    if payment is None:
        raise PaymentUnknown
    return payment


def _move(
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
    return repository.change_payment(
        uow.connection, payment, after=after, changes=changes | forget, note=note
    )


def _known(outcome: ProviderPayment) -> dict[str, Any]:
    risk = outcome.risk or Risk()
    return {
        "provider_reference": outcome.reference,
        "card_brand": outcome.card_brand,
        "card_last4": outcome.card_last4,
        "failure_code": outcome.failure_code,
        "failure_detail": outcome.failure_detail,
        "risk_level": risk.level,
        "risk_score": risk.score,
        "risk_reason": risk.reason,
    }


class PaymentsService:
    """Answers `bodega.contracts.payments.Payments`."""

    def __init__(self, context: Context) -> None:
        self._database = context.database
        self._providers = Providers(context.settings)
        self._desk = RefundDesk(context, self._providers)
        self._vault = StripeVault(context.settings)

    async def aclose(self) -> None:
        await self._vault.aclose()
        await self._providers.aclose()

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
        capture_method: CaptureMethod = "manual",
        save_method: bool = False,
        off_session: bool = False,
        attempt: int = 0,
    ) -> PaymentView:
        if attempt:
            await self._let_earlier_go(checkout_id, attempt)
        provider = self._providers.chosen(amount, payment_token).name
        keeps = save_method and customer_id is not None and provider == self._vault.name
        if keeps and customer_id is not None:
            await opened_customer(self._database, self._vault, customer_id)
        async with self._database.work() as uow:
            payment, fresh = await repository.open_payment(
                uow,
                checkout_id=checkout_id,
                amount=amount,
                provider=provider,
                token=payment_token,
                customer=await customers.reference_of(uow.connection, customer_id, provider)
                if customer_id
                else None,
                return_url=return_url,
                capture_method=capture_method,
                save_method=keeps,
                off_session=off_session,
                attempt=attempt,
            )
        if payment.amount != amount:
            raise AmountChanged
        return (await self._authorised(payment, fresh=fresh)).view()

    async def confirm(self, *, checkout_id: CheckoutId) -> PaymentView:
        payment = await self._find(checkout_id)
        if payment is None:
            raise PaymentUnknown
        if payment.status != "requires_action":
            return payment.view()
        outcome = await self._providers.named(payment.provider).retrieve(
            payment_id=payment.id, reference=str(payment.reference)
        )
        async with self._database.work() as uow:
            settled = await settle_authorisation(uow, payment_id=payment.id, outcome=outcome)
        return settled.view()

    async def capture(self, *, checkout_id: CheckoutId, amount: Money | None = None) -> PaymentView:
        async with self._database.work() as uow:
            payment = await begin_capture(uow, checkout_id=checkout_id, amount=amount)
        if payment.status != "capturing":
            return payment.view()
        outcome = await self._providers.named(payment.provider).capture(
            payment_id=payment.id,
            reference=str(payment.reference),
            amount=payment.taken or payment.amount,
        )
        async with self._database.work() as uow:
            settled = await settle_capture(uow, payment_id=payment.id, outcome=outcome)
        return settled.view()

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
        return await self._desk.refund(
            command_id=command_id,
            checkout_id=checkout_id,
            amount=amount,
            reason=reason,
            sale_id=sale_id,
            operation_id=operation_id,
        )

    async def retry_refund(self, *, command_id: CommandId, refund_id: RefundId) -> RefundView:
        return await self._desk.retry(command_id=command_id, refund_id=refund_id)

    async def refunds(self, checkout_id: CheckoutId) -> list[RefundView]:
        return await self._desk.refunds(checkout_id)

    async def charged_back(self, checkout_id: CheckoutId) -> Money | None:
        async with self._database.reading() as connection:
            return await disputes.charged_back(connection, checkout_id)

    async def void(
        self, *, checkout_id: CheckoutId, attempt: int | None = None
    ) -> PaymentView | None:
        await self._finish_authorising(checkout_id)
        async with self._database.work() as uow:
            payment = await begin_void(uow, checkout_id=checkout_id, attempt=attempt)
        return (await self._voided(payment)).view() if payment else None

    async def _voided(self, payment: Payment) -> Payment:
        if payment.status != "voiding":
            return payment
        outcome = (
            await self._providers.named(payment.provider).void(
                payment_id=payment.id, reference=payment.reference
            )
            if payment.reference
            else None
        )
        async with self._database.work() as uow:
            return await settle_void(uow, payment_id=payment.id, outcome=outcome)

    async def _let_earlier_go(self, checkout_id: CheckoutId, attempt: int) -> None:
        """What is not over then, has the money or is about to: no other try is opened beside it."""
        await self._finish_authorising(checkout_id)
        async with self._database.work() as uow:
            earlier = await begin_another(uow, checkout_id=checkout_id, attempt=attempt)
        if earlier is not None:
            await self._voided(earlier)

    async def _find(self, checkout_id: CheckoutId) -> Payment | None:
        async with self._database.reading() as connection:
            return await repository.find_payment(connection, checkout_id)

    async def _finish_authorising(self, checkout_id: CheckoutId) -> None:
        """A hold whose answer was lost is made sure of before it is let go."""
        payment = await self._find(checkout_id)
        if payment is not None and payment.status == "authorising":
            await self._authorised(payment, fresh=False)

    async def _authorised(self, payment: Payment, *, fresh: bool) -> Payment:
        if payment.status != "authorising":
            return payment
        outcome = await self._ask(payment, fresh=fresh)
        async with self._database.work() as uow:
            return await settle_authorisation(uow, payment_id=payment.id, outcome=outcome)

    async def _ask(self, payment: Payment, *, fresh: bool) -> ProviderPayment:
        """Authorise; when an answer was lost, ask what became of it before asking again."""
        provider = self._providers.named(payment.provider)
        if not fresh:
            found = await provider.find(payment_id=payment.id, since=payment.started_at)
            if found is not None:
                return found
        try:
            return await provider.authorise(_asked(payment))
        except ProviderUnreachable:
            found = await provider.find(payment_id=payment.id, since=payment.started_at)
            if found is None:
                raise
            return found


def _asked(payment: Payment) -> Authorisation:
    return Authorisation(
        payment_id=payment.id,
        amount=payment.amount,
        token=str(payment.token),
        customer=payment.customer,
        return_url=payment.return_url,
        capture=payment.capture_method,
        save=payment.save_method,
        off_session=payment.off_session,
    )

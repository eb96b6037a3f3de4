"""Refunds: asked for once a command, never above what was captured, settled by asking."""

from datetime import datetime, timedelta

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.backbone.telemetry.logs import get_logger
from bodega.commerce.payments.adapters.port import ProviderRefund
from bodega.commerce.payments.adapters.providers import Providers
from bodega.commerce.payments.domain import AMOUNT_MISMATCH, refund_may_follow
from bodega.commerce.payments.domain.webhooks import Disagreement
from bodega.commerce.payments.errors import (
    AmountInvalid,
    NothingCaptured,
    PaymentUnknown,
    ProviderUnreachable,
    RefundChanged,
    RefundNotFailed,
    RefundRetried,
    RefundTooLarge,
    RefundUnknown,
)
from bodega.commerce.payments.repository import payments, refunds
from bodega.commerce.payments.repository.payments import Payment
from bodega.commerce.payments.repository.refunds import Refund, Wanted
from bodega.commerce.payments.service import ledger
from bodega.commerce.payments.service.conflicts import record_conflict
from bodega.contracts.payments import PaymentRefunded, PaymentRefundFailed, RefundView
from bodega.kernel.ids import CheckoutId, CommandId, OperationId, RefundId
from bodega.kernel.money import Money

log = get_logger(__name__)

_SILENCE = timedelta(minutes=1)
_ASK_AGAIN = timedelta(seconds=30)
_BATCH = 50


async def begin_refund(
    uow: UnitOfWork, *, command_id: CommandId, checkout_id: CheckoutId, wanted: Wanted
) -> tuple[Payment, Refund, bool]:
    """The intent, and whether it is new; the lock on the payment keeps refunds from adding up to
    more than was captured."""
    payment = await payments.find_payment(uow.connection, checkout_id, lock=True)
    if payment is None:
        raise PaymentUnknown
    known = await refunds.refund_of_command(uow.connection, command_id)
    if known is not None:
        if (known.payment_id, known.amount) != (payment.id, wanted.amount):
            raise RefundChanged
        return payment, known, False
    await _demand_left(uow, payment, wanted.amount)
    opened = await refunds.open_refund(
        uow.connection, payment_id=payment.id, command_id=command_id, wanted=wanted
    )
    return payment, opened, True


async def begin_retry(
    uow: UnitOfWork, *, command_id: CommandId, refund_id: RefundId
) -> tuple[Payment, Refund, bool]:
    """Another refund for one that failed. Raises RefundUnknown, RefundNotFailed, RefundRetried."""
    failed = await refunds.find_refund(uow.connection, refund_id)
    payment = await payments.find_by_id(uow.connection, failed.payment_id) if failed else None
    if failed is None or payment is None:
        raise RefundUnknown
    await payments.find_payment(uow.connection, payment.checkout_id, lock=True)
    if await refunds.refund_of_command(uow.connection, command_id) is None:
        if failed.status != "failed":
            raise RefundNotFailed
        if await refunds.was_retried(uow.connection, refund_id):
            raise RefundRetried
    wanted = Wanted(
        failed.amount, failed.reason, failed.sale_id, failed.operation_id, retry_of=failed.id
    )
    return await begin_refund(
        uow, command_id=command_id, checkout_id=payment.checkout_id, wanted=wanted
    )


async def _demand_left(uow: UnitOfWork, payment: Payment, amount: Money) -> None:
    if payment.status != "captured" or payment.taken is None:
        raise NothingCaptured
    if amount.currency != payment.amount.currency or amount.amount <= 0:
        raise AmountInvalid
    left = payment.taken.amount - await refunds.given_back(uow.connection, payment.id)
    if amount.amount > left:
        raise RefundTooLarge(left=left)


async def settle_refund(
    uow: UnitOfWork, *, refund_id: RefundId, outcome: ProviderRefund, now: datetime
) -> Refund:
    """Record what became of it; what cannot follow what is known changes nothing."""
    refund = await refunds.find_refund(uow.connection, refund_id, lock=True)
    if refund is None:
        raise LookupError(f"there is no refund {refund_id}")
    if outcome.status != refund.status and not refund_may_follow(refund.status, outcome.status):
        await refunds.make_due(uow.connection, refund.id, at=None)
        return refund
    payment = await payments.find_by_id(uow.connection, refund.payment_id)
    assert payment is not None
    await _book(uow, payment, refund, outcome)
    if outcome.status == "failed" and refund.status != "failed" and refund.reference:
        await _came_back(uow, payment, refund, outcome, now)
    odd = outcome.amount != refund.amount
    return await refunds.change_refund(
        uow.connection,
        refund,
        after=outcome.status,
        reference=outcome.reference or None,
        failure_code=outcome.failure_code or (AMOUNT_MISMATCH if odd else None),
        note=f"the provider says {outcome.amount}" if odd else None,
    )


async def _book(uow: UnitOfWork, payment: Payment, refund: Refund, outcome: ProviderRefund) -> None:
    """Money that went back is in the ledger and told; money that came back again is booked back."""
    if outcome.status == "succeeded" and refund.status != "succeeded":
        ledger.book_refund(uow, payment, refund)
        uow.emit(
            PaymentRefunded(
                payment_id=payment.id,
                refund_id=refund.id,
                checkout_id=payment.checkout_id,
                amount=refund.amount,
                operation_id=refund.operation_id,
                retry_of=refund.retry_of,
            )
        )
    if outcome.status == "failed" and refund.status == "succeeded":
        ledger.book_refund_failure(uow, payment, refund)


async def _came_back(
    uow: UnitOfWork, payment: Payment, refund: Refund, outcome: ProviderRefund, now: datetime
) -> None:
    """The provider had taken the refund on, so others count on it: they are told, and staff see a
    conflict until they say what they did."""
    code = outcome.failure_code or "failed"
    uow.emit(
        PaymentRefundFailed(
            payment_id=payment.id,
            refund_id=refund.id,
            checkout_id=payment.checkout_id,
            amount=refund.amount,
            failure_code=code,
            operation_id=refund.operation_id,
        )
    )
    await record_conflict(
        uow,
        Disagreement("refund", f"{refund.status} {refund.amount}", f"failed: {code}"),
        provider=payment.provider,
        reference=refund.reference or str(refund.id),
        payment=payment,
        now=now,
    )


class RefundDesk:
    """Asks the provider that took the money to give it back."""

    def __init__(self, context: Context, providers: Providers) -> None:
        self._database = context.database
        self._clock = context.clock
        self._providers = providers

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
        wanted = Wanted(amount, reason, sale_id, operation_id)
        async with self._database.work() as uow:
            begun = await begin_refund(
                uow, command_id=command_id, checkout_id=checkout_id, wanted=wanted
            )
        return await self._carried_out(*begun)

    async def retry(self, *, command_id: CommandId, refund_id: RefundId) -> RefundView:
        async with self._database.work() as uow:
            begun = await begin_retry(uow, command_id=command_id, refund_id=refund_id)
        return await self._carried_out(*begun)

    async def _carried_out(self, payment: Payment, refund: Refund, fresh: bool) -> RefundView:
        if refund.status == "pending":
            refund = await self._settled(payment, refund, fresh=fresh)
        return refund.view()

    async def refunds(self, checkout_id: CheckoutId) -> list[RefundView]:
        async with self._database.reading() as connection:
            found = await refunds.refunds_of(connection, checkout_id)
        return [refund.view() for refund in found]

    async def settle_pending(self) -> int:
        """Ask after refunds whose answer was lost, that take the provider days, or of which it has
        said something new."""
        now = self._clock.now()
        async with self._database.reading() as connection:
            due = await refunds.due_refunds(connection, now=now, limit=_BATCH)
            silent = await refunds.pending_refunds(connection, before=now - _SILENCE, limit=_BATCH)
        waiting = {refund.id: refund for refund in [*due, *silent]}
        for refund in waiting.values():
            await self._ask_after(refund)
        return len(waiting)

    async def _ask_after(self, refund: Refund) -> None:
        async with self._database.reading() as connection:
            payment = await payments.find_by_id(connection, refund.payment_id)
        assert payment is not None
        try:
            await self._settled(payment, refund, fresh=False)
        except ProviderUnreachable as error:
            log.warning("refund_unsettled", refund_id=str(refund.id), reason=error.code)
            if refund.status != "pending":
                again = self._clock.now() + _ASK_AGAIN
                async with self._database.work() as uow:
                    await refunds.make_due(uow.connection, refund.id, at=again)

    async def _settled(self, payment: Payment, refund: Refund, *, fresh: bool) -> Refund:
        outcome = await self._ask(payment, refund, fresh=fresh)
        async with self._database.work() as uow:
            return await settle_refund(
                uow, refund_id=refund.id, outcome=outcome, now=self._clock.now()
            )

    async def _ask(self, payment: Payment, refund: Refund, *, fresh: bool) -> ProviderRefund:
        """Refund; when an answer was lost, ask what became of it before asking again."""
        provider = self._providers.named(payment.provider)
        reference = str(payment.reference)
        if not fresh:
            found = await provider.find_refund(refund_id=refund.id, reference=reference)
            if found is not None:
                return found
        try:
            return await provider.refund(
                refund_id=refund.id,
                reference=reference,
                amount=refund.amount,
                reason=refund.reason,
            )
        except ProviderUnreachable:
            found = await provider.find_refund(refund_id=refund.id, reference=reference)
            if found is None:
                raise
            return found

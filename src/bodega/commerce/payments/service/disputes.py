"""Disputes: opened, restated and closed as the provider says, their money in the ledger."""

from datetime import datetime, timedelta

from bodega.backbone.db import UnitOfWork
from bodega.commerce.payments.domain import ledger
from bodega.commerce.payments.domain.disputes import FIRST_ALARM, OVER, alarm
from bodega.commerce.payments.domain.webhooks import DisputeFact, Movement
from bodega.commerce.payments.repository import disputes
from bodega.commerce.payments.repository import ledger as books
from bodega.commerce.payments.repository.payments import Payment
from bodega.contracts.books import DisputeClosed, DisputeDeadlineNear, DisputeOpened, LedgerKind
from bodega.kernel.ids import DisputeId

SOON = timedelta(days=3)


async def note(
    uow: UnitOfWork,
    fact: DisputeFact,
    *,
    provider: str,
    payment: Payment | None,
    stated: tuple[datetime, int],
) -> None:
    """What the provider says of a dispute; an older statement than the newest moves only money,
    and that once."""
    fresh = await disputes.open_dispute(uow.connection, fact, provider=provider, payment=payment)
    kept = await disputes.lock_dispute(uow.connection, provider, fact.reference)
    assert kept is not None
    if fresh:
        uow.emit(
            DisputeOpened(
                dispute_id=kept.view.id,
                payment_id=kept.view.payment_id,
                checkout_id=kept.view.checkout_id,
                amount=fact.amount,
                reason=fact.reason,
                due_at=fact.due_at,
            )
        )
    if stated >= kept.stated:
        await _restate(uow, kept, fact, stated)
    for movement in fact.movements:
        _move(uow, movement, payment)


async def _restate(
    uow: UnitOfWork, kept: disputes.Kept, fact: DisputeFact, stated: tuple[datetime, int]
) -> None:
    over = fact.status in OVER
    closed_at = kept.view.closed_at or stated[0] if over else None
    await disputes.restate(uow.connection, kept.view.id, fact, stated=stated, closed_at=closed_at)
    if over and fact.status != kept.view.status:
        uow.emit(
            DisputeClosed(
                dispute_id=kept.view.id, payment_id=kept.view.payment_id, status=fact.status
            )
        )


def _move(uow: UnitOfWork, movement: Movement, payment: Payment | None) -> None:
    amount = movement.amount.amount
    back = amount > 0
    bookings: tuple[tuple[LedgerKind, str, ledger.Lines], ...] = (
        (
            "reinstatement" if back else "chargeback",
            f"dispute:{movement.reference}",
            ledger.reinstated(amount) if back else ledger.charged_back(-amount),
        ),
        ("fee", f"fee:{movement.reference}", ledger.charged_fee(movement.fee)),
    )
    for kind, source, lines in bookings:
        entry = books.Entry(
            kind=kind,
            source=source,
            lines=lines,
            currency=movement.amount.currency,
            checkout_id=payment.checkout_id if payment else None,
            payment_id=payment.id if payment else None,
        )
        books.book(uow.connection, entry)


async def sound_alarms(uow: UnitOfWork, now: datetime) -> None:
    """An event for each deadline that came near: 7, 3 and 1 days before, and once it is past."""
    for found, due_at, last in await disputes.unalarmed(uow.connection, now + FIRST_ALARM):
        days = alarm(due_at, now, last)
        if days is not None:
            dispute_id = DisputeId(found)
            uow.emit(DisputeDeadlineNear(dispute_id=dispute_id, days=days, due_at=due_at))
            await disputes.alarmed(uow.connection, dispute_id, days)

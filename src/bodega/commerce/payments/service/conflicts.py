"""Conflicts with the provider: recorded once, told, open until staff say what they did."""

from datetime import datetime

from bodega.backbone.db import UnitOfWork
from bodega.backbone.telemetry.logs import get_logger
from bodega.commerce.payments.domain.webhooks import Disagreement
from bodega.commerce.payments.repository import conflicts
from bodega.commerce.payments.repository.payments import Payment
from bodega.contracts.books import PaymentConflictFound

log = get_logger(__name__)


async def record_conflict(
    uow: UnitOfWork,
    found: Disagreement,
    *,
    provider: str,
    reference: str,
    payment: Payment | None,
    now: datetime,
) -> None:
    """Once, however many webhooks and reconciliations find it."""
    conflict_id = await conflicts.record(
        uow.connection,
        found,
        provider=provider,
        source=f"{found.kind}:{provider}:{reference}:{found.seen}",
        payment_id=payment.id if payment else None,
        reference=reference,
        now=now,
    )
    if conflict_id is not None:
        log.warning("payment_conflict", kind=found.kind, reference=reference)
        uow.emit(
            PaymentConflictFound(
                conflict_id=conflict_id,
                kind=found.kind,
                payment_id=payment.id if payment else None,
            )
        )

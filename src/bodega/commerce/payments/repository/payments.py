"""Every query of payments and their transitions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.commerce.payments.adapters.port import CaptureMethod
from bodega.commerce.payments.tables import payments, refunds, transitions
from bodega.contracts.payments import PaymentRecord, PaymentStatus, PaymentTransition, PaymentView
from bodega.kernel.ids import CheckoutId, PaymentId, new_id
from bodega.kernel.money import Money

_OPEN = text(
    """INSERT INTO payments.payments
           (id, checkout_id, amount_amount, amount_currency, status, provider, payment_token,
            provider_customer, return_url, capture_method)
       VALUES (:id, :checkout, :amount, :currency, 'authorising', :provider, :token,
               :customer, :return_url, :capture_method)
       ON CONFLICT (checkout_id) DO NOTHING RETURNING id"""
)


_REFUNDED = (
    select(func.sum(refunds.c.amount_amount))
    .where(refunds.c.payment_id == payments.c.id, refunds.c.status == "succeeded")
    .correlate(payments)
    .scalar_subquery()
    .label("refunded")
)


@dataclass(frozen=True, slots=True)
class Payment:
    """A row of payments.payments. `taken` is what was captured, or is being captured."""

    id: PaymentId
    checkout_id: CheckoutId
    amount: Money
    status: PaymentStatus
    provider: str
    reference: str | None
    token: str | None
    customer: str | None
    return_url: str | None
    capture_method: CaptureMethod
    taken: Money | None
    refunded: Money | None
    action_url: str | None
    failure_code: str | None
    started_at: datetime

    def view(self) -> PaymentView:
        return PaymentView(
            id=self.id,
            checkout_id=self.checkout_id,
            amount=self.amount,
            status=self.status,
            failure_code=self.failure_code,
            action_url=self.action_url if self.status == "requires_action" else None,
            captured=self.taken if self.status == "captured" else None,
            refunded=self.refunded,
        )


def _payment(row: Row[Any]) -> Payment:
    return Payment(
        id=row.id,
        checkout_id=row.checkout_id,
        amount=Money(amount=row.amount_amount, currency=row.amount_currency),
        status=row.status,
        provider=row.provider,
        reference=row.provider_reference,
        token=row.payment_token,
        customer=row.provider_customer,
        return_url=row.return_url,
        capture_method=row.capture_method,
        taken=_money(row.capture_amount, row),
        refunded=_money(row.refunded, row),
        action_url=row.action_url,
        failure_code=row.failure_code,
        started_at=row.occurred_at,
    )


def _money(amount: int | None, row: Row[Any]) -> Money | None:
    return None if amount is None else Money(amount=int(amount), currency=row.amount_currency)


def _rows() -> Select[Any]:
    return select(payments, _REFUNDED)


async def open_payment(
    connection: AsyncConnection,
    *,
    checkout_id: CheckoutId,
    amount: Money,
    provider: str,
    token: str,
    customer: str | None = None,
    return_url: str | None = None,
    capture_method: CaptureMethod = "manual",
) -> bool:
    """False when the checkout has a payment already."""
    asked = {
        "id": new_id(),
        "checkout": checkout_id,
        "amount": amount.amount,
        "currency": amount.currency,
        "provider": provider,
        "token": token,
        "customer": customer,
        "return_url": return_url,
        "capture_method": capture_method,
    }
    opened = (await connection.execute(_OPEN, asked)).first()
    if opened is not None:
        await record_transition(connection, opened.id, before=None, after="authorising")
    return opened is not None


async def find_payment(
    connection: AsyncConnection, checkout_id: CheckoutId, *, lock: bool = False
) -> Payment | None:
    query = _rows().where(payments.c.checkout_id == checkout_id)
    locked = query.with_for_update(of=payments)
    row = (await connection.execute(locked if lock else query)).first()
    return _payment(row) if row else None


async def find_by_id(
    connection: AsyncConnection, payment_id: PaymentId, *, lock: bool = False
) -> Payment | None:
    query = _rows().where(payments.c.id == payment_id)
    locked = query.with_for_update(of=payments)
    row = (await connection.execute(locked if lock else query)).first()
    return _payment(row) if row else None


async def find_matching(
    connection: AsyncConnection,
    *,
    payment_id: UUID | None,
    provider: str,
    reference: str | None,
) -> Payment | None:
    """By our own id when the provider was told it, else by the provider's."""
    known = payments.c.provider_reference == reference
    match = known if payment_id is None else (payments.c.id == payment_id) | known
    query = _rows().where(payments.c.provider == provider, match).limit(1)
    row = (await connection.execute(query)).first()
    return _payment(row) if row else None


async def change_payment(
    connection: AsyncConnection,
    payment: Payment,
    *,
    after: PaymentStatus,
    changes: Mapping[str, Any],
    note: str | None = None,
) -> Payment:
    """Write a transition of a locked row, and its record; the row as it is now."""
    statement = (
        update(payments)
        .where(payments.c.id == payment.id)
        .values(status=after, known_at=func.now(), **changes)
        .returning(payments, _REFUNDED)
    )
    row = (await connection.execute(statement)).one()
    await record_transition(connection, payment.id, before=payment.status, after=after, note=note)
    return _payment(row)


async def record_transition(
    connection: AsyncConnection,
    payment_id: UUID,
    *,
    before: str | None,
    after: str,
    note: str | None = None,
    refund_id: UUID | None = None,
) -> None:
    values = {
        "id": new_id(),
        "payment_id": payment_id,
        "refund_id": refund_id,
        "before": before,
        "after": after,
        "note": note,
    }
    await connection.execute(insert(transitions).values(values))


async def find_record(connection: AsyncConnection, payment_id: PaymentId) -> PaymentRecord | None:
    row = (await connection.execute(_rows().where(payments.c.id == payment_id))).first()
    if row is None:
        return None
    steps = select(transitions).where(transitions.c.payment_id == payment_id)
    history = await connection.execute(steps.order_by(transitions.c.id))
    return PaymentRecord(
        **_payment(row).view().model_dump(),
        provider=row.provider,
        provider_reference=row.provider_reference,
        card_brand=row.card_brand,
        card_last4=row.card_last4,
        failure_detail=row.failure_detail,
        risk_level=row.risk_level,
        risk_score=row.risk_score,
        risk_reason=row.risk_reason,
        transitions=[
            PaymentTransition(
                before=item.before,
                after=item.after,
                note=item.note,
                at=item.at,
                refund_id=item.refund_id,
            )
            for item in history
        ],
    )

"""Every query of payments and their transitions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row, TextClause, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.backbone.db import Connection, UnitOfWork
from bodega.commerce.payments.adapters.port import CaptureMethod
from bodega.commerce.payments.tables import transitions
from bodega.contracts.payments import PaymentRecord, PaymentStatus, PaymentTransition, PaymentView
from bodega.kernel.ids import CheckoutId, PaymentId, new_id
from bodega.kernel.money import Money

_OPEN = text(
    """WITH opened AS (
           INSERT INTO payments.payments
               (id, checkout_id, attempt, amount_amount, amount_currency, status, provider,
                payment_token, provider_customer, return_url, capture_method, save_method,
                off_session)
           VALUES (:id, :checkout, :attempt, :amount, :currency, 'authorising', :provider, :token,
                   :customer, :return_url, :capture_method, :save_method, :off_session)
           ON CONFLICT DO NOTHING RETURNING id)
       INSERT INTO payments.transitions (id, payment_id, after)
       SELECT :transition, opened.id, 'authorising' FROM opened"""
)


_WITH_REFUNDED = """*, (SELECT sum(r.amount_amount) FROM payments.refunds r
    WHERE r.payment_id = payments.id AND r.status = 'succeeded') AS refunded"""
_ROWS = f"SELECT {_WITH_REFUNDED} FROM payments.payments"  # noqa: S608
_LOCK = " FOR UPDATE OF payments"
_LAST = "WHERE checkout_id = :checkout ORDER BY attempt DESC LIMIT 1"
_OF_CHECKOUT = text(f"{_ROWS} {_LAST}")
_OF_CHECKOUT_LOCKED = text(f"{_ROWS} {_LAST}{_LOCK}")
_BY_ID = text(f"{_ROWS} WHERE id = :id")
_BY_ID_LOCKED = text(f"{_ROWS} WHERE id = :id{_LOCK}")
_MATCH = """provider = :provider AND
    (id = ANY(CAST(:ids AS uuid[])) OR provider_reference = ANY(CAST(:references AS text[])))"""
_MATCHING = text(f"{_ROWS} WHERE {_MATCH}")
_TAKEN = text(
    f"""SELECT e.payment_id, coalesce(sum(l.amount) FILTER (WHERE e.kind = 'capture'), 0) AS taken,
              -coalesce(sum(l.amount) FILTER (WHERE e.kind <> 'capture'), 0) AS returned
       FROM payments.ledger_entries e JOIN payments.ledger_lines l ON l.entry_id = e.id
       WHERE e.payment_id = ANY(SELECT id FROM payments.payments WHERE {_MATCH})
         AND l.account = 'provider_clearing'
         AND e.kind IN ('capture', 'void', 'refund', 'refund_failed')
       GROUP BY e.payment_id"""  # noqa: S608
)
_TRANSITION = text(
    """INSERT INTO payments.transitions (id, payment_id, refund_id, before, after, note)
       VALUES (:id, :payment_id, :refund_id, :before, :after, :note)"""
)


@cache
def _changing(names: tuple[str, ...]) -> TextClause:
    changes = "".join(f", {name} = :{name}" for name in names)
    return text(
        f"""UPDATE payments.payments SET status = :after, known_at = now(){changes}
            WHERE id = :id"""  # noqa: S608 - names of our own columns
    )


@dataclass(frozen=True, slots=True)
class Payment:
    """A row of payments.payments. `taken` is what was captured, or is being captured; `attempt`
    counts the tries of a checkout, of which the last one stands."""

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
    save_method: bool = False
    off_session: bool = False
    attempt: int = 0

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
            attempt=self.attempt,
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
        save_method=row.save_method,
        off_session=row.off_session,
        attempt=row.attempt,
    )


def _money(amount: int | None, row: Row[Any]) -> Money | None:
    return None if amount is None else Money(amount=int(amount), currency=row.amount_currency)


_SHOWN = {
    "provider_reference": "reference",
    "payment_token": "token",
    "action_url": "action_url",
    "failure_code": "failure_code",
}


async def open_payment(
    uow: UnitOfWork,
    *,
    checkout_id: CheckoutId,
    amount: Money,
    provider: str,
    token: str,
    customer: str | None = None,
    return_url: str | None = None,
    capture_method: CaptureMethod = "manual",
    save_method: bool = False,
    off_session: bool = False,
    attempt: int = 0,
) -> tuple[Payment, bool]:
    """The last payment of the checkout, durable, and whether this opened it; none is opened beside
    one that is under way or has the money."""
    asked = {
        "id": new_id(),
        "transition": new_id(),
        "checkout": checkout_id,
        "attempt": attempt,
        "amount": amount.amount,
        "currency": amount.currency,
        "provider": provider,
        "token": token,
        "customer": customer,
        "return_url": return_url,
        "capture_method": capture_method,
        "save_method": save_method,
        "off_session": off_session,
    }
    opened = uow.connection.ahead(_OPEN, asked)
    row = (await uow.finish(_OF_CHECKOUT, {"checkout": checkout_id})).one()
    return _payment(row), bool(opened.answer.rowcount)


async def find_payment(
    connection: AsyncConnection, checkout_id: CheckoutId, *, lock: bool = False
) -> Payment | None:
    query = _OF_CHECKOUT_LOCKED if lock else _OF_CHECKOUT
    row = (await connection.execute(query, {"checkout": checkout_id})).first()
    return _payment(row) if row else None


async def find_by_id(
    connection: AsyncConnection, payment_id: PaymentId, *, lock: bool = False
) -> Payment | None:
    query = _BY_ID_LOCKED if lock else _BY_ID
    row = (await connection.execute(query, {"id": payment_id})).first()
    return _payment(row) if row else None


@dataclass(frozen=True, slots=True)
class Matched:
    """Payments by our own id and by the provider's, and what each took and gave back."""

    by_id: Mapping[UUID, Payment]
    by_reference: Mapping[str, Payment]
    moved: Mapping[UUID, tuple[int, int]]

    def payment(self, payment_id: UUID | None, reference: str | None) -> Payment | None:
        """By our own id when the provider was told it, else by the provider's."""
        ours = self.by_id.get(payment_id) if payment_id else None
        return ours or (self.by_reference.get(reference) if reference else None)

    def taken_and_returned(self, payment: Payment) -> tuple[int, int]:
        return self.moved.get(payment.id, (0, 0))


async def find_matching(
    connection: Connection, *, provider: str, ids: Sequence[UUID], references: Sequence[str]
) -> Matched:
    asked = {"provider": provider, "ids": list(ids), "references": list(references)}
    found = connection.ahead(_MATCHING, asked)
    moved = await connection.execute(_TAKEN, asked)
    payments = [_payment(row) for row in found.answer]
    return Matched(
        {payment.id: payment for payment in payments},
        {payment.reference: payment for payment in payments if payment.reference},
        {row.payment_id: (int(row.taken), int(row.returned)) for row in moved},
    )


def change_payment(
    connection: Connection,
    payment: Payment,
    *,
    after: PaymentStatus,
    changes: Mapping[str, Any],
    note: str | None = None,
) -> Payment:
    """Write a transition of a locked row, and its record; the row as it is then."""
    record_transition(connection, payment.id, before=payment.status, after=after, note=note)
    asked = {**changes, "id": payment.id, "after": after}
    connection.later(_changing(tuple(changes)), asked)
    return _changed(payment, after, changes)


def _changed(payment: Payment, after: PaymentStatus, changes: Mapping[str, Any]) -> Payment:
    shown = {_SHOWN[name]: value for name, value in changes.items() if name in _SHOWN}
    taken = changes.get("capture_amount")
    if taken is not None:
        shown["taken"] = Money(amount=taken, currency=payment.amount.currency)
    return replace(payment, status=after, **shown)


def record_transition(
    connection: Connection,
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
    connection.later(_TRANSITION, values)


async def find_record(connection: AsyncConnection, payment_id: PaymentId) -> PaymentRecord | None:
    row = (await connection.execute(_BY_ID, {"id": payment_id})).first()
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

"""From state to state: each move names the state it leaves, so only one mover makes it."""

import json
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.backbone.db import UnitOfWork
from bodega.commerce.checkout.domain import Failure, Wait
from bodega.commerce.checkout.repository.rows import Offer, Saga, saga
from bodega.contracts.checkout import CheckoutRequest, CheckoutState
from bodega.contracts.fraud import FraudScore
from bodega.contracts.orders import PlacedOrder
from bodega.kernel.ids import CheckoutId, UserId

_INSERT = text(
    """INSERT INTO checkout.checkouts (id, cart_id, customer_id, state, fingerprint, email,
           shipping_address, billing_address, payment_token, return_url, note, lines, basket,
           shipping_method_id, shipping_method, coupons, total_amount, total_currency,
           fraud_decision, fraud_score, fraud_reasons, fraud_model, leased_until, save_method)
       VALUES (:id, :cart, :customer, 'running', :fingerprint, :email,
           CAST(:address AS jsonb), CAST(:billing AS jsonb), :token, :return_url, :note,
           CAST(:lines AS jsonb), CAST(:basket AS jsonb), :method_id, :method,
           CAST(:coupons AS jsonb), :amount, :currency, :decision, :score,
           CAST(:reasons AS jsonb), :model, :until, :save_method)
       ON CONFLICT DO NOTHING RETURNING *"""
)
_RESTED = "waiting_for = NULL, action_url = NULL, waits_until = NULL, trouble = NULL"
_WAIT = text(
    """UPDATE checkout.checkouts SET state = 'waiting', waiting_for = :waiting_for,
           action_url = :action_url, waits_until = :waits_until, leased_until = :look_at,
           order_id = :order_id, order_number = :number, attempts = 0, trouble = NULL
       WHERE id = :id AND state = 'running' AND leased_until = :lease RETURNING *"""
)
_GO_ON = text(
    f"""UPDATE checkout.checkouts SET state = 'running', {_RESTED}, leased_until = :until
        WHERE id = :id AND state = 'waiting' AND waiting_for = 'buyer' RETURNING *"""  # noqa: S608
)
_DECIDE = text(
    f"""UPDATE checkout.checkouts SET state = 'running', {_RESTED}, leased_until = :until,
            review = :review, reviewer_id = :reviewer, review_note = :note, reviewed_at = :now
        WHERE id = :id AND state = 'waiting' AND waiting_for = 'review' RETURNING *"""  # noqa: S608
)
_UNDO = text(
    f"""UPDATE checkout.checkouts SET state = 'undoing', {_RESTED}, failure_code = :code,
            decline_code = :decline_code, failure_detail = :detail, leased_until = :until
        WHERE id = :id AND state = :before RETURNING *"""  # noqa: S608
)
_END = """
    UPDATE checkout.checkouts SET state = '{}', order_id = :order_id, order_number = :number,
        email = NULL, shipping_address = NULL, billing_address = NULL, payment_token = NULL,
        return_url = NULL, note = NULL, basket = NULL, trouble = NULL, ended_at = :now
    WHERE id = :id AND state = '{}' RETURNING *"""
_COMPLETE = text(_END.format("completed", "running"))
_FAIL = text(_END.format("failed", "undoing"))


async def insert_saga(
    uow: UnitOfWork,
    *,
    checkout_id: CheckoutId,
    request: CheckoutRequest,
    customer_id: UserId | None,
    fingerprint: bytes,
    offer: Offer,
    fraud: FraudScore,
    leased_until: datetime,
) -> Saga | None:
    """Durable; None when the id is taken, or the cart has a checkout that did not fail."""
    billing = request.billing_address
    asked = {
        "id": checkout_id,
        "cart": request.cart_id,
        "customer": customer_id,
        "fingerprint": fingerprint,
        "email": request.email,
        "address": request.shipping_address.model_dump_json(),
        "billing": billing.model_dump_json() if billing else None,
        "token": request.payment_token,
        "return_url": request.return_url,
        "save_method": request.save_payment_method and request.payment_source == "new",
        "until": leased_until,
        **_offered(offer),
        "decision": fraud.decision,
        "score": round(fraud.score, 4),
        "reasons": json.dumps(fraud.reasons),
        "model": fraud.model[:60],
    }
    return saga((await uow.finish(_INSERT, asked)).first())


def _offered(offer: Offer) -> dict[str, object]:
    return {
        "lines": json.dumps([line.model_dump(mode="json") for line in offer.lines]),
        "basket": offer.basket.model_dump_json() if offer.basket else None,
        "method_id": offer.shipping_method_id,
        "method": offer.shipping_method,
        "coupons": json.dumps(list(offer.coupons)),
        "note": offer.note,
        "amount": offer.total.amount,
        "currency": offer.total.currency,
    }


async def begin_wait(
    connection: AsyncConnection,
    saga_: Saga,
    wait: Wait,
    *,
    until: datetime,
    look_at: datetime,
    placed: PlacedOrder | None,
) -> Saga | None:
    """None when somebody else has taken it over: what they saw may be newer."""
    asked = {
        "id": saga_.id,
        "lease": saga_.leased_until,
        "waiting_for": wait.waiting_for,
        "action_url": wait.action_url,
        "waits_until": until,
        "look_at": look_at,
        "order_id": placed.order_id if placed else None,
        "number": placed.number if placed else None,
    }
    return saga((await connection.execute(_WAIT, asked)).first())


async def go_on(
    connection: AsyncConnection, checkout_id: CheckoutId, *, until: datetime
) -> Saga | None:
    """The buyer has acted. None when it does not wait for the buyer any more."""
    return saga((await connection.execute(_GO_ON, {"id": checkout_id, "until": until})).first())


async def decide(
    connection: AsyncConnection,
    checkout_id: CheckoutId,
    *,
    accept: bool,
    reviewer: UserId,
    note: str,
    now: datetime,
    until: datetime,
) -> Saga | None:
    """Staff have decided; it runs on with that. None when it is not in review."""
    asked = {
        "id": checkout_id,
        "review": "accepted" if accept else "refused",
        "reviewer": reviewer,
        "note": note,
        "now": now,
        "until": until,
    }
    return saga((await connection.execute(_DECIDE, asked)).first())


async def begin_undo(
    connection: AsyncConnection,
    checkout_id: CheckoutId,
    failure: Failure,
    *,
    before: CheckoutState,
    until: datetime,
) -> Saga | None:
    """None when it is not `before` any more."""
    asked = {
        "id": checkout_id,
        "code": failure.code,
        "decline_code": failure.decline_code,
        "detail": failure.detail,
        "before": before,
        "until": until,
    }
    return saga((await connection.execute(_UNDO, asked)).first())


async def complete(
    connection: AsyncConnection, checkout_id: CheckoutId, *, placed: PlacedOrder, now: datetime
) -> Saga | None:
    """None when it is not running any more."""
    asked = {
        "id": checkout_id,
        "order_id": placed.order_id,
        "number": placed.number,
        "now": now,
    }
    return saga((await connection.execute(_COMPLETE, asked)).first())


async def fail(
    connection: AsyncConnection, checkout_id: CheckoutId, *, now: datetime
) -> Saga | None:
    """None when it is not being undone any more."""
    asked = {"id": checkout_id, "order_id": None, "number": None, "now": now}
    return saga((await connection.execute(_FAIL, asked)).first())

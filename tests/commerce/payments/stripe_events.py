"""Events as Stripe words and signs them."""

import json
from datetime import UTC, datetime
from itertools import count
from typing import Any

import httpx

from bodega.commerce.payments.adapters.stripe_webhooks import signed_header
from bodega.contracts.payments import PaymentView

SECRET = "whsec_bodega"
ADDRESS = "/api/v1/webhooks/stripe"
EPOCH = 1_760_000_000
_numbers = count(1)
Event = dict[str, Any]


def event(kind: str, subject: Event, *, at: int = 0, name: str | None = None) -> Event:
    return {
        "id": name or f"evt_{next(_numbers):08}",
        "object": "event",
        "created": EPOCH + at,
        "type": kind,
        "livemode": False,
        "data": {"object": subject},
    }


def intent(payment: PaymentView, status: str, **changes: Any) -> Event:
    return {
        "id": f"pi_{payment.id.hex}",
        "object": "payment_intent",
        "amount": payment.amount.amount,
        "amount_received": payment.amount.amount if status == "succeeded" else 0,
        "currency": payment.amount.currency.lower(),
        "status": status,
        "metadata": {"payment_id": str(payment.id)},
        **changes,
    }


def charge(payment: PaymentView, **changes: Any) -> Event:
    return {
        "id": f"ch_{payment.id.hex}",
        "object": "charge",
        "amount": payment.amount.amount,
        "amount_refunded": 0,
        "currency": payment.amount.currency.lower(),
        "payment_intent": f"pi_{payment.id.hex}",
        "metadata": {"payment_id": str(payment.id)},
        **changes,
    }


def dispute(
    payment: PaymentView, status: str, *, due: int = 0, moved: tuple[int, ...] = ()
) -> Event:
    """`moved` are the balance transactions so far: negative took money and a fee of 1500."""
    return {
        "id": f"dp_{payment.id.hex}",
        "object": "dispute",
        "amount": payment.amount.amount,
        "currency": payment.amount.currency.lower(),
        "charge": f"ch_{payment.id.hex}",
        "payment_intent": f"pi_{payment.id.hex}",
        "created": EPOCH,
        "reason": "fraudulent",
        "status": status,
        "evidence_details": {"due_by": due or EPOCH + 20 * 86400},
        "metadata": {"payment_id": str(payment.id)},
        "balance_transactions": [
            {
                "id": f"txn_{payment.id.hex}_{number}",
                "amount": amount,
                "currency": payment.amount.currency.lower(),
                "fee": 1500 if amount < 0 else 0,
            }
            for number, amount in enumerate(moved)
        ],
    }


async def send(
    client: httpx.AsyncClient,
    told: Event | bytes,
    *,
    secret: str = SECRET,
    at: datetime | None = None,
) -> httpx.Response:
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    signed = signed_header(body, secret=secret, at=at or datetime.now(UTC))
    return await client.post(ADDRESS, content=body, headers={"stripe-signature": signed})

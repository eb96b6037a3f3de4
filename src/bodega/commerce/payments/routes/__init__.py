"""HTTP of payments, a file a concept."""

from fastapi import APIRouter

from bodega.commerce.payments.routes import conflicts, ledger, payments, webhooks

ROUTERS: list[APIRouter] = [
    payments.staff,
    ledger.staff,
    conflicts.staff,
    conflicts.disputes,
    webhooks.public,
]

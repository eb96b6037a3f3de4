"""HTTP of payments, a file a concept."""

from fastapi import APIRouter

from bodega.commerce.payments.routes import conflicts, ledger, methods, payments, webhooks

ROUTERS: list[APIRouter] = [
    webhooks.public,
    payments.staff,
    payments.refunds,
    methods.own,
    ledger.staff,
    conflicts.staff,
    conflicts.disputes,
]

"""HTTP of payments, a file a concept."""

from fastapi import APIRouter

from bodega.commerce.payments.routes import ledger, payments

ROUTERS: list[APIRouter] = [payments.staff, ledger.staff]

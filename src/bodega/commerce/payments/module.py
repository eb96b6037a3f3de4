"""Manifest of payments."""

from pathlib import Path

from bodega.backbone.module import Module, public
from bodega.backbone.tables import TIME_COLUMNS
from bodega.commerce.payments.handlers import HANDLERS
from bodega.commerce.payments.jobs import JOBS
from bodega.commerce.payments.routes import ROUTERS
from bodega.commerce.payments.service import (
    BooksService,
    PaymentMethodsService,
    PaymentsService,
    WebhookService,
)
from bodega.commerce.payments.tables import METADATA
from bodega.contracts.books import Books, Webhooks
from bodega.contracts.payment_methods import PaymentMethods
from bodega.contracts.payments import Payments

MODULE = Module(
    name="payments",
    metadata=METADATA,
    routers=ROUTERS,
    handlers=HANDLERS,
    jobs=JOBS,
    provides={
        PaymentMethods: PaymentMethodsService,
        Payments: PaymentsService,
        Books: BooksService,
        Webhooks: WebhookService,
    },
    published={
        "payments": public(
            "id",
            "checkout_id",
            "amount_amount",
            "amount_currency",
            "status",
            "provider",
            "failure_code",
            *TIME_COLUMNS,
        ),
        "refunds": public(
            "id",
            "payment_id",
            "amount_amount",
            "amount_currency",
            "status",
            "failure_code",
            *TIME_COLUMNS,
        ),
        "ledger_entries": public(
            "id", "kind", "checkout_id", "payment_id", "currency", "occurred_at"
        ),
        "ledger_lines": public("entry_id", "position", "account", "amount"),
    },
    migrations=Path(__file__).parent / "migrations",
)

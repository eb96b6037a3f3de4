"""Use cases of payments, a file a concept."""

from bodega.commerce.payments.service.books import BooksService
from bodega.commerce.payments.service.methods import PaymentMethodsService
from bodega.commerce.payments.service.payments import PaymentsService
from bodega.commerce.payments.service.webhooks import WebhookService

__all__ = ["BooksService", "PaymentMethodsService", "PaymentsService", "WebhookService"]

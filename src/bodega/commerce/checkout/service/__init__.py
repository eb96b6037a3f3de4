"""Use cases of checkout: submit a cart, drive its saga, wait, review, resume what others left."""

from bodega.commerce.checkout.service.checkouts import CheckoutService
from bodega.commerce.checkout.service.starting import fingerprint
from bodega.commerce.checkout.service.workflows import CheckoutWorkflows

__all__ = ["CheckoutService", "CheckoutWorkflows", "fingerprint"]

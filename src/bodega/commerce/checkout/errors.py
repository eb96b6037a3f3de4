"""Errors of checkout.

BodegaError
├── PaymentDeclined  402
├── NotFound ── CheckoutNotFound, CartNotFound
├── Rejected ── CartEmpty, CheckoutKeyReused
└── Conflict ── CartInCheckout, CartOrdered, VariantUnavailable, OutOfStock, PaymentNotCaptured
"""

from bodega.kernel.errors import BodegaError, Conflict, NotFound, Rejected


class PaymentDeclined(BodegaError):
    code = "payment_declined"
    status = 402
    title = "The card was declined and nothing was charged: try another card"


class CheckoutNotFound(NotFound):
    code = "checkout_not_found"
    title = "There is no such checkout"


class CartNotFound(NotFound):
    code = "cart_not_found"
    title = "There is no such cart"


class CartEmpty(Rejected):
    code = "cart_empty"
    title = "The cart is empty: put something into it first"


class CheckoutKeyReused(Rejected):
    code = "idempotency_key_reused"
    title = "This Idempotency-Key came with another request before: take a fresh one"


class CartInCheckout(Conflict):
    code = "cart_in_checkout"
    title = "This cart is being checked out already: wait for that to end"


class CartOrdered(Conflict):
    code = "cart_ordered"
    title = "This cart was ordered already: open a new one"


class VariantUnavailable(Conflict):
    code = "variant_unavailable"
    title = "Something in the cart is no longer sold: take it out, then try again"


class OutOfStock(Conflict):
    code = "out_of_stock"
    title = "There is not enough in stock and nothing was charged: lower the quantity"


class PaymentNotCaptured(Conflict):
    code = "payment_not_captured"
    title = "The payment could not be taken and the order was cancelled: try again"

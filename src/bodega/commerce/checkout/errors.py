"""Errors of checkout.

BodegaError
├── PaymentDeclined  402
├── NotFound ── CheckoutNotFound, CartNotFound, MethodNotFound
├── Rejected ── CartEmpty, CheckoutKeyReused, SignInToSave, ProviderNotHere
└── Conflict
    ├── before it begins ── CartInCheckout, CartOrdered, CartNotReady, VariantUnavailable,
    │                       PurchaseLimitReached, NoShipping, ShippingMethodUnavailable,
    │                       TotalChanged
    ├── it was undone ── OutOfStock, PromotionUsedUp, PurchaseRefused, PaymentNotCaptured,
    │                    BuyerGone, ReviewRefused, CheckoutCancelled
    └── of staff ── NotInReview, ReviewDecided
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


class MethodNotFound(NotFound):
    code = "payment_method_not_found"
    title = "You keep no such payment method: choose another one"


class ProviderNotHere(Rejected):
    code = "payment_provider_not_here"
    title = "This shop does not take that way of paying: choose another one"


class SignInToSave(Rejected):
    code = "sign_in_to_save"
    title = "Sign in first: a card is kept for a customer"


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


class CartNotReady(Conflict):
    code = "cart_not_ready"
    title = "This cart cannot be ordered as it is: look at it again"


class PurchaseLimitReached(Conflict):
    code = "purchase_limit_reached"
    title = "One customer may not buy so many of something in the cart: lower the quantity"


class NoShipping(Conflict):
    code = "no_shipping"
    title = "Nothing we have is sent to this address: try another one"


class ShippingMethodUnavailable(Conflict):
    code = "shipping_method_unavailable"
    title = "This cart is not sent that way to this address: choose another shipping method"


class TotalChanged(Conflict):
    code = "total_changed"
    title = "The total has changed: look at the cart again, then confirm the new one"


class OutOfStock(Conflict):
    code = "out_of_stock"
    title = "There is not enough in stock and nothing was charged: lower the quantity"


class PromotionUsedUp(Conflict):
    code = "promotion_used_up"
    title = "A promotion in the cart was used up and nothing was charged: look at the cart again"


class PurchaseRefused(Conflict):
    code = "purchase_refused"
    title = "This purchase cannot be made online and nothing was charged: contact the shop"


class PaymentNotCaptured(Conflict):
    code = "payment_not_captured"
    title = "The payment could not be taken and the order was cancelled: try again"


class BuyerGone(Conflict):
    code = "payment_not_confirmed"
    title = "The payment was not confirmed in time and nothing was charged: try again"


class ReviewRefused(Conflict):
    code = "review_refused"
    title = "The order was not accepted and nothing was charged: contact the shop"


class CheckoutCancelled(Conflict):
    code = "checkout_cancelled"
    title = "The shop cancelled this checkout and nothing was charged: try again"


class NotInReview(Conflict):
    code = "not_in_review"
    title = "This checkout does not wait for a review"


class ReviewDecided(Conflict):
    code = "review_decided"
    title = "This checkout was reviewed already, with another decision"

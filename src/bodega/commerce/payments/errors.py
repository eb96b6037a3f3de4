"""Errors of payments.

BodegaError
├── Rejected ── AmountInvalid, WebhookRefused ── WebhookForged, WebhookTooOld, WebhookMalformed
├── NotFound ── PaymentNotFound, MethodNotFound, SetupNotFound, RefundUnknown, ConflictUnknown,
│               DisputeUnknown, ProviderUnknown
├── Conflict ── AmountChanged, PaymentUnknown, CaptureTooLarge, NothingCaptured, RefundTooLarge,
│               RefundChanged, RefundNotFailed, RefundRetried, SetupChanged, ConflictResolved,
│               DisputeClosedAlready
└── Unavailable ── WebhooksClosed, WebhookUnverifiable, ProviderUnreachable ── ProviderRefused
"""

from bodega.kernel.errors import Conflict, NotFound, Rejected, Unavailable


class PaymentNotFound(NotFound):
    code = "payment_not_found"
    title = "There is no such payment"


class MethodNotFound(NotFound):
    code = "payment_method_not_found"
    title = "You keep no such payment method"


class SetupNotFound(NotFound):
    code = "payment_setup_not_found"
    title = "You are not saving any such payment method"


class AmountInvalid(Rejected):
    code = "payment_amount_invalid"
    title = "An amount is above zero and in the payment's currency"


class AmountChanged(Conflict):
    code = "payment_amount_changed"
    title = "This checkout has a payment over another amount: start a new checkout"


class PaymentUnknown(Conflict):
    code = "payment_unknown"
    title = "This checkout has no payment: authorise one first"


class CaptureTooLarge(Conflict):
    code = "payment_capture_too_large"
    title = "No more can be captured than was authorised"


class NothingCaptured(Conflict):
    code = "payment_not_captured"
    title = "Nothing was captured, so nothing can be refunded: void the payment"


class RefundTooLarge(Conflict):
    code = "payment_refund_too_large"
    title = "No more can be refunded than is left of what was captured"


class RefundChanged(Conflict):
    code = "payment_refund_changed"
    title = "This command refunded another amount: use a new command id"


class RefundUnknown(NotFound):
    code = "payment_refund_not_found"
    title = "There is no such refund"


class RefundNotFailed(Conflict):
    code = "payment_refund_not_failed"
    title = "Only a refund that failed is made again: look at how it stands"


class RefundRetried(Conflict):
    code = "payment_refund_retried"
    title = "This refund was made again already: look at the refunds of the payment"


class SetupChanged(Conflict):
    code = "payment_setup_changed"
    title = "This Idempotency-Key saved another card: use a new key"


class ProviderUnreachable(Unavailable):
    """The provider gave no usable answer: what became of the call is unknown until it is asked."""

    code = "payment_provider_unreachable"
    title = "The payment provider did not answer: try again shortly"


class ProviderRefused(ProviderUnreachable):
    """The provider answered that our side is set up wrongly: nothing was charged."""

    code = "payment_provider_refused"
    title = "The payment provider refused our request: an operator has to look at the settings"


class WebhookRefused(Rejected):
    """Nothing of it was stored."""


class WebhookForged(WebhookRefused):
    code = "webhook_forged"
    title = "The signature does not fit the body: check the endpoint's signing secret"


class WebhookTooOld(WebhookRefused):
    code = "webhook_too_old"
    title = "The signature is right and its time is not: check the clocks"


class WebhookMalformed(WebhookRefused):
    code = "webhook_malformed"
    title = "The body is not an event of this provider"


class WebhookUnverifiable(Unavailable):
    code = "webhook_unverifiable"
    title = "The certificate to verify it with cannot be had now: send it again later"


class WebhooksClosed(Unavailable):
    code = "webhooks_closed"
    title = "Set the provider's webhook secret first: without one anybody could send events"


class ProviderUnknown(NotFound):
    code = "payment_provider_unknown"
    title = "No provider of this shop has that name"


class ConflictUnknown(NotFound):
    code = "payment_conflict_not_found"
    title = "There is no such conflict"


class ConflictResolved(Conflict):
    code = "payment_conflict_resolved"
    title = "This conflict has been resolved already"


class DisputeUnknown(NotFound):
    code = "dispute_not_found"
    title = "There is no such dispute"


class DisputeClosedAlready(Conflict):
    code = "dispute_closed"
    title = "This dispute takes no more evidence"

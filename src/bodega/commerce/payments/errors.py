"""Errors of payments.

BodegaError
├── Rejected ── WebhookRefused ── WebhookForged, WebhookTooOld, WebhookMalformed
├── NotFound ── PaymentNotFound, ConflictUnknown, DisputeUnknown, ProviderUnknown
├── Conflict ── AmountChanged, PaymentUnknown, ConflictResolved, DisputeClosedAlready
└── Unavailable ── WebhooksClosed, ProviderUnreachable ── ProviderRefused
"""

from bodega.kernel.errors import Conflict, NotFound, Rejected, Unavailable


class PaymentNotFound(NotFound):
    code = "payment_not_found"
    title = "There is no such payment"


class AmountChanged(Conflict):
    code = "payment_amount_changed"
    title = "This checkout has a payment over another amount: start a new checkout"


class PaymentUnknown(Conflict):
    code = "payment_unknown"
    title = "This checkout has no payment: authorise one first"


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

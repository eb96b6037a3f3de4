"""Errors of payments.

BodegaError
├── NotFound ── PaymentNotFound
├── Conflict ── AmountChanged, PaymentUnknown
└── Unavailable ── ProviderUnreachable ── ProviderRefused
"""

from bodega.kernel.errors import Conflict, NotFound, Unavailable


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

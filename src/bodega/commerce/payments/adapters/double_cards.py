"""Stripe's test cards and smallest charges (docs.stripe.com/testing and /currencies)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Decline:
    code: str
    message: str
    decline_code: str | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """A test card: what its bank says, whether it asks its holder first (3-D Secure), what Radar
    thinks of it, and what becomes of its charges. `set_up`: once saved it asks nobody who is
    away."""

    brand: str
    last4: str
    decline: Decline | None = None
    challenge: bool = False
    risk: tuple[str, int] = ("normal", 20)
    dispute: str | None = None
    refund: str = "succeeded"
    set_up: bool = False


_DECLINED = "Your card was declined."
_GENERIC = Decline("card_declined", _DECLINED, "generic_decline")
_POOR = Decline("card_declined", "Your card has insufficient funds.", "insufficient_funds")
_LOST = Decline("card_declined", _DECLINED, "lost_card")
_STOLEN = Decline("card_declined", _DECLINED, "stolen_card")
_FRAUD = Decline("card_declined", _DECLINED, "fraudulent")
_EXPIRED = Decline("expired_card", "Your card has expired.", "expired_card")
_CVC = Decline("incorrect_cvc", "Your card's security code is incorrect.", "incorrect_cvc")
_BROKEN = Decline(
    "processing_error",
    "An error occurred while processing your card. Try again in a little bit.",
    "processing_error",
)
ASKS = Decline(
    "card_declined",
    "Your card was declined. This transaction requires authentication.",
    "authentication_required",
)

CARDS: dict[str, Card] = {
    "pm_card_visa": Card("visa", "4242"),
    "pm_card_visa_debit": Card("visa", "5556"),
    "pm_card_mastercard": Card("mastercard", "4444"),
    "pm_card_mastercard_debit": Card("mastercard", "8210"),
    "pm_card_amex": Card("amex", "8431"),
    "pm_card_discover": Card("discover", "9424"),
    "pm_card_authenticationRequired": Card("visa", "3184", challenge=True),
    "pm_card_authenticationRequiredOnSetup": Card("visa", "3155", challenge=True, set_up=True),
    "pm_card_threeDSecure2Required": Card("visa", "3220", challenge=True),
    "pm_card_threeDSecureRequired": Card("visa", "3063", challenge=True),
    "pm_card_threeDSecureOptional": Card("visa", "3055"),
    "pm_card_threeDSecureRequiredChargeDeclined": Card("visa", "3163", _GENERIC, challenge=True),
    "pm_card_riskLevelElevated": Card("visa", "9235", risk=("elevated", 65)),
    "pm_card_riskLevelHighest": Card("visa", "4954", _FRAUD, risk=("highest", 95)),
    "pm_card_createDispute": Card("visa", "0259", dispute="fraudulent"),
    "pm_card_createDisputeProductNotReceived": Card("visa", "2685", dispute="product_not_received"),
    "pm_card_pendingRefund": Card("visa", "7726", refund="pending"),
    "pm_card_refundFail": Card("visa", "5126", refund="failed"),
    "pm_card_chargeDeclined": Card("visa", "0002", _GENERIC),
    "pm_card_visa_chargeDeclined": Card("visa", "0002", _GENERIC),
    "pm_card_chargeDeclinedInsufficientFunds": Card("visa", "9995", _POOR),
    "pm_card_visa_chargeDeclinedInsufficientFunds": Card("visa", "9995", _POOR),
    "pm_card_visa_chargeDeclinedLostCard": Card("visa", "9987", _LOST),
    "pm_card_visa_chargeDeclinedStolenCard": Card("visa", "9979", _STOLEN),
    "pm_card_chargeDeclinedFraudulent": Card("visa", "0019", _FRAUD),
    "pm_card_chargeDeclinedExpiredCard": Card("visa", "0069", _EXPIRED),
    "pm_card_chargeDeclinedIncorrectCvc": Card("visa", "0127", _CVC),
    "pm_card_chargeDeclinedProcessingError": Card("visa", "0119", _BROKEN),
}

BY_NUMBER = {(card.brand, card.last4): card for card in reversed(CARDS.values())}
"""Saved methods show no more of a card than this."""

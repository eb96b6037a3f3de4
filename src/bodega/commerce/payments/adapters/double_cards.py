"""Stripe's test cards and smallest charges (docs.stripe.com/testing and /currencies)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Decline:
    code: str
    message: str
    decline_code: str | None = None


@dataclass(frozen=True, slots=True)
class Card:
    brand: str
    last4: str
    decline: Decline | None = None


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
_ASKS = Decline(
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
    "pm_card_authenticationRequired": Card("visa", "3184", _ASKS),
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

MINIMUMS = {
    "aud": 50,
    "cad": 50,
    "chf": 50,
    "dkk": 250,
    "eur": 50,
    "gbp": 30,
    "jpy": 50,
    "nok": 300,
    "nzd": 50,
    "pln": 200,
    "sek": 300,
    "usd": 50,
}

"""The fraud score of a purchase, or what the policy says when none comes in time."""

import hashlib
import hmac

from bodega.backbone.module import Context
from bodega.backbone.telemetry.logs import get_logger
from bodega.commerce.checkout.domain import unscreened
from bodega.commerce.checkout.repository import Offer
from bodega.contracts.checkout import CheckoutRequest
from bodega.contracts.fraud import Fraud, FraudCheck, FraudScore
from bodega.kernel.errors import BodegaError
from bodega.kernel.ids import CheckoutId, UserId

log = get_logger(__name__)


async def screen(
    context: Context,
    *,
    checkout_id: CheckoutId,
    request: CheckoutRequest,
    customer_id: UserId | None,
    offer: Offer,
) -> FraudScore:
    """A purchase that costs nothing is not screened."""
    if not offer.total.amount:
        return FraudScore(score=0, decision="accept", model="none")
    goods = [line for line in offer.lines if line.variant_id is not None]
    check = FraudCheck(
        checkout_id=checkout_id,
        customer_id=customer_id,
        email_digest=email_digest(context, request.email),
        country=request.shipping_address.country,
        total=offer.total,
        units=sum(line.quantity for line in goods),
        lines=len(goods),
    )
    try:
        return await context.container.get(Fraud).score(check)
    except BodegaError as error:
        log.warning("fraud_not_scored", checkout_id=str(checkout_id), reason=error.code)
    settings = context.settings
    return unscreened(offer.total, open_below=settings.fraud_open_below, currency=settings.currency)


def email_digest(context: Context, email: str) -> str:
    """The same for the same address, and nobody can tell the address from it without our key."""
    key = context.settings.secret_key.get_secret_value().encode()
    said = f"fraud\n{email.strip().lower()}".encode()
    return hmac.new(key, said, hashlib.sha256).hexdigest()

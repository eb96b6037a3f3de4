"""How many of a variant one customer may buy, over all orders and checkouts under way."""

from collections.abc import Mapping
from datetime import timedelta

from bodega.backbone.db import Connection, UnitOfWork
from bodega.backbone.module import Context
from bodega.commerce.checkout.domain import still_allowed
from bodega.commerce.checkout.errors import PurchaseLimitReached
from bodega.commerce.checkout.repository import Offer, limits
from bodega.contracts.checkout import CheckoutRequest
from bodega.contracts.orders import Orders
from bodega.kernel.ids import CartId, UserId, VariantId
from bodega.kernel.quantity import PurchaseLimit


async def check_limits(
    context: Context,
    uow: UnitOfWork,
    *,
    offer: Offer,
    request: CheckoutRequest,
    customer_id: UserId | None,
) -> None:
    """Raises PurchaseLimitReached. Until `uow` ends no other checkout passes here for this buyer,
    so the one that begins is seen by the next. Costs nothing without limits."""
    if not offer.limits:
        return
    connection = uow.connection
    await limits.lock_buyer(connection, offer.limits, customer_id=customer_id, email=request.email)
    left = await allowances(
        context, connection, offer.limits, customer_id=customer_id, email=request.email
    )
    for line in offer.lines:
        if line.variant_id in left and line.quantity > left[line.variant_id]:
            # How many are left is for the cart to say: anybody may type another's e-mail here.
            raise PurchaseLimitReached(
                f"{line.title}: {offer.limits[line.variant_id]}", variant_id=str(line.variant_id)
            )


async def allowances(
    context: Context,
    connection: Connection,
    limited: Mapping[VariantId, PurchaseLimit],
    *,
    customer_id: UserId | None,
    email: str | None = None,
    beside: CartId | None = None,
) -> dict[VariantId, int]:
    """How many units of each the buyer may still buy. Checkouts under way are read first: one that
    ends meanwhile is found among the orders."""
    running = await limits.under_way(
        connection, limited, customer_id=customer_id, email=email, beside=beside
    )
    now = context.clock.now()
    since = {
        variant: now - timedelta(days=limit.days) if limit.days else None
        for variant, limit in limited.items()
    }
    ordered = await context.container.get(Orders).bought_units(
        customer_id=customer_id, email=email, since=since
    )
    return still_allowed(limited, running, ordered)

"""Who else is buying for the same person just now."""

from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.contracts.orders import BoughtUnits
from bodega.kernel.ids import CartId, UserId, VariantId

# Always in one order, so that nobody waits for somebody who waits for them.
_LOCK = text(
    """SELECT pg_advisory_xact_lock(key) FROM (
           SELECT DISTINCT hashtextextended('purchase ' || lower(buyer) || ' ' || variant, 0) AS key
           FROM unnest(CAST(:buyers AS text[])) AS b(buyer),
                unnest(CAST(:variants AS text[])) AS v(variant)
           ORDER BY key) AS keys"""
)
_UNDER_WAY = text(
    """SELECT c.id, CAST(line ->> 'variant_id' AS uuid) AS variant_id,
           CAST(line ->> 'quantity' AS int) AS units
       FROM checkout.checkouts c, jsonb_array_elements(c.lines) AS line
       WHERE c.state IN ('running', 'waiting', 'undoing')
         AND (c.customer_id = CAST(:customer AS uuid)
              OR lower(c.email) = lower(CAST(:email AS text)))
         AND c.cart_id IS DISTINCT FROM CAST(:beside AS uuid)
         AND line ->> 'variant_id' = ANY(CAST(:variants AS text[]))"""
)


async def lock_buyer(
    connection: AsyncConnection,
    variants: Iterable[VariantId],
    *,
    customer_id: UserId | None,
    email: str,
) -> None:
    """Nobody else begins a checkout of these for the same buyer until this transaction ends."""
    buyers = [email.strip(), *([str(customer_id)] if customer_id else [])]
    asked = {"buyers": buyers, "variants": [str(variant) for variant in variants]}
    await connection.execute(_LOCK, asked)


async def under_way(
    connection: AsyncConnection,
    variants: Iterable[VariantId],
    *,
    customer_id: UserId | None,
    email: str | None,
    beside: CartId | None = None,
) -> list[BoughtUnits]:
    """What checkouts that have not ended are buying for the same buyer, but for that
    of the cart `beside`."""
    asked = {
        "variants": [str(variant) for variant in variants],
        "customer": customer_id,
        "email": email,
        "beside": beside,
    }
    return [
        BoughtUnits(variant_id=row.variant_id, checkout_id=row.id, units=row.units)
        for row in await connection.execute(_UNDER_WAY, asked)
    ]

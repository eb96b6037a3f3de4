"""How often somebody may try a code: counted in Valkey, so for all processes together.

Only wrong codes count. In an outage of Valkey nothing is counted and nobody is locked out.
"""

import hashlib
from dataclasses import dataclass

from bodega.backbone.cache import Cache
from bodega.backbone.settings import Settings
from bodega.commerce.cart.errors import CouponTriesExceeded
from bodega.kernel.ids import CartId

QUARTER_HOUR = 15 * 60


@dataclass(frozen=True, slots=True)
class CouponTry:
    """One counted try; a right code is taken off the count again."""

    cache: Cache
    keys: tuple[str, ...]

    async def right(self) -> None:
        for key in self.keys:
            await self.cache.count(key, window_seconds=QUARTER_HOUR, by=-1)


async def count_try(
    cache: Cache, settings: Settings, *, cart_id: CartId, client: str | None
) -> CouponTry:
    """Counted before it is made: by cart, and by the address it comes from, so that fresh carts
    are no way round. Raises CouponTriesExceeded."""
    limits = {_key("cart", str(cart_id)): settings.cart_coupon_tries}
    if client is not None:
        limits[_key("client", client)] = settings.cart_client_coupon_tries
    for key, limit in limits.items():
        if await cache.count(key, window_seconds=QUARTER_HOUR) > limit:
            raise CouponTriesExceeded(retry_after=await cache.seconds_left(key) or QUARTER_HOUR)
    return CouponTry(cache, tuple(limits))


def _key(kind: str, who: str) -> str:
    """No address stands in Valkey in the clear."""
    return f"cart:coupon_tries:{kind}:{hashlib.sha256(who.encode()).hexdigest()[:32]}"

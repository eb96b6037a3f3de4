"""How often somebody may try: counted in Valkey, so for all processes together.

In an outage of Valkey nothing is counted and nobody is locked out; the cache logs it.
"""

import hashlib
from dataclasses import dataclass

from bodega.backbone.cache import Cache
from bodega.backbone.settings import Settings
from bodega.commerce.identity.errors import TooManyAttempts

QUARTER_HOUR = 15 * 60
HOUR = 60 * 60


@dataclass(frozen=True, slots=True)
class Attempt:
    """One counted try at signing in; a success is taken off the count again."""

    cache: Cache
    keys: tuple[str, ...]

    async def succeeded(self) -> None:
        for key in self.keys:
            await self.cache.count(key, window_seconds=QUARTER_HOUR, by=-1)


class Attempts:
    """Limits by e-mail and address together, so that a stranger cannot lock a customer out, and by
    address alone, so that one machine cannot walk through many e-mails."""

    def __init__(self, cache: Cache, settings: Settings) -> None:
        self._cache = cache
        self._settings = settings

    async def sign_in(self, email: str, address: str) -> Attempt:
        """Count a try before it is made. Raises TooManyAttempts."""
        pair = _key("pair", f"{email}\n{address}")
        whole = _key("address", address)
        await self._count(pair, self._settings.identity_attempts, QUARTER_HOUR)
        await self._count(whole, self._settings.identity_address_attempts, QUARTER_HOUR)
        return Attempt(self._cache, (pair, whole))

    async def register(self, address: str) -> None:
        """Raises TooManyAttempts."""
        limit = self._settings.identity_registrations
        await self._count(_key("register", address), limit, HOUR)

    async def _count(self, key: str, limit: int, window: int) -> None:
        if await self._cache.count(key, window_seconds=window) > limit:
            raise TooManyAttempts


def _key(kind: str, who: str) -> str:
    """No address or e-mail stands in Valkey in the clear."""
    return f"identity:attempts:{kind}:{hashlib.sha256(who.encode()).hexdigest()[:32]}"

"""Tokens answered before, kept in Valkey for a minute so that most requests skip the database."""

from collections.abc import Sequence

from bodega.backbone.module import Context
from bodega.kernel.principal import Principal

SECONDS = 60
_ASK = "ask the database"


class KnownTokens:
    """What was found behind a token's hash; the token itself is never kept."""

    def __init__(self, context: Context) -> None:
        self._cache = context.cache

    async def get(self, token_hash: bytes) -> Principal | None:
        """None: ask the database."""
        known = await self._cache.get(_key(token_hash))
        return Principal.model_validate(known) if isinstance(known, dict) else None

    async def remember(self, token_hash: bytes, principal: Principal, *, seconds: float) -> None:
        value = principal.model_dump(mode="json")
        await self._cache.offer(_key(token_hash), value, seconds=min(SECONDS, seconds))

    async def ask_again(self, hashes: Sequence[bytes]) -> None:
        """Send every process to the database until no old answer can be about.

        To be called before the commit: a reader that saw the old row and writes late finds the
        mark there (`offer` does not overwrite), so what is revoked stays revoked.
        """
        for token_hash in hashes:
            await self._cache.put(_key(token_hash), _ASK, seconds=2 * SECONDS)


def _key(token_hash: bytes) -> str:
    return f"identity:token:{token_hash.hex()}"

"""The provider double's webhooks: signed as Stripe signs them, tried again until they are taken.

How they travel is set by `POST /_double/webhooks`: `delay_seconds` late, in `copies`, and scattered
over `spread_seconds`, which puts them out of order.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

from bodega.commerce.payments.adapters.double import StripeDouble
from bodega.commerce.payments.adapters.double_store import Object, Rows

Post = Callable[[str, bytes, Mapping[str, str]], Awaitable[bool]]
"""Body and headers to a URL; whether they were taken."""
_BATCH = 20
_ATTEMPTS = 8
_PAUSE = 0.25


class Courier:
    """Brings what is due to the URL of the mode, one after the other."""

    def __init__(self, double: StripeDouble, *, secret: str) -> None:
        self._double = double
        self._secret = secret

    def mode(self) -> Object:
        return {**self._double.bench.webhooks, "deliveries": self._double.store.deliveries()}

    def travel(self, **mode: object) -> Object:
        """Change how webhooks travel from now on."""
        self._double.bench.travel(**mode)
        return self.mode()

    async def run(self) -> None:
        """Until cancelled."""
        import aiohttp

        patience = aiohttp.ClientTimeout(total=10)
        async with aiohttp.ClientSession(timeout=patience) as session:

            async def post(url: str, body: bytes, headers: Mapping[str, str]) -> bool:
                with suppress(aiohttp.ClientError, TimeoutError):
                    async with session.post(url, data=body, headers=headers) as answer:
                        await answer.read()
                        return 200 <= answer.status < 300
                return False

            while True:
                if not await self.deliver_due(post):
                    await asyncio.sleep(_PAUSE)

    async def deliver_due(self, post: Post) -> int:
        """What is due now; how many were tried."""
        url = self._double.bench.webhooks.get("url")
        if not url:
            return 0
        self._double.ripen()
        due = self._double.store.due_deliveries(self._double.bench.clock(), limit=_BATCH)
        taken: list[bool] = []
        try:
            for _, _, body in due:
                taken.append(await self._send(post, str(url), body.encode()))
        finally:
            self._note(due[: len(taken)], taken)
        return len(due)

    async def _send(self, post: Post, url: str, body: bytes) -> bool:
        headers = {
            "content-type": "application/json; charset=utf-8",
            "stripe-signature": self.signature(body),
        }
        return await post(url, body, headers)

    def signature(self, body: bytes) -> str:
        stamp = str(int(self._double.bench.clock()))
        signed = hmac.new(self._secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256)
        return f"t={stamp},v1={signed.hexdigest()}"

    def _note(self, due: Rows, taken: Sequence[bool]) -> None:
        with self._double.store.transaction():
            for (sequence, attempts, _), well in zip(due, taken, strict=True):
                if well or attempts + 1 >= _ATTEMPTS:
                    state = "delivered" if well else "given_up"
                    self._double.store.end_delivery(sequence, state)
                else:
                    at = self._double.bench.clock() + 2**attempts
                    self._double.store.postpone_delivery(sequence, due=at)

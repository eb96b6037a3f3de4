"""The provider double's webhooks: signed as Stripe signs them, tried again until they are taken.

How they travel is set by `POST /_double/webhooks`: `delay_seconds` late, in `copies`, and scattered
over `spread_seconds`, which puts them out of order.
"""

import asyncio
import hashlib
import hmac
import json
from contextlib import suppress

import httpx

from bodega.commerce.payments.adapters.double import StripeDouble
from bodega.commerce.payments.adapters.double_bench import WEBHOOKS
from bodega.commerce.payments.adapters.double_store import Object

_BATCH = 20
_ATTEMPTS = 8
_PAUSE = 0.25


class Courier:
    """Brings what is due to the URL of the mode, one after the other."""

    def __init__(self, double: StripeDouble, *, secret: str) -> None:
        self._double = double
        self._secret = secret

    def mode(self) -> Object:
        return {**self._double.store.mode(WEBHOOKS), "deliveries": self._double.store.deliveries()}

    def travel(self, **mode: object) -> Object:
        """Change how webhooks travel from now on."""
        with self._double.store.transaction():
            kept = self._double.store.mode(WEBHOOKS) | mode
            self._double.store.keep_mode(WEBHOOKS, kept)
        return self.mode()

    async def run(self) -> None:
        """Until cancelled."""
        async with httpx.AsyncClient(timeout=10) as client:
            while True:
                if not await self.deliver_due(client):
                    await asyncio.sleep(_PAUSE)

    async def deliver_due(self, client: httpx.AsyncClient) -> int:
        """What is due now; how many were tried."""
        url = self._double.store.mode(WEBHOOKS).get("url")
        if not url:
            return 0
        self._double.ripen()
        due = self._double.store.due_deliveries(self._double.bench.clock(), limit=_BATCH)
        for sequence, event, attempts in due:
            taken = await self._send(client, str(url), event)
            self._note(sequence, attempts, taken=taken)
        return len(due)

    async def _send(self, client: httpx.AsyncClient, url: str, event: str) -> bool:
        body = json.dumps(self._double.store.get("event", event)).encode()
        headers = {
            "content-type": "application/json; charset=utf-8",
            "stripe-signature": self.signature(body),
        }
        with suppress(httpx.HTTPError):
            return (await client.post(url, content=body, headers=headers)).is_success
        return False

    def signature(self, body: bytes) -> str:
        stamp = str(int(self._double.bench.clock()))
        signed = hmac.new(self._secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256)
        return f"t={stamp},v1={signed.hexdigest()}"

    def _note(self, sequence: int, attempts: int, *, taken: bool) -> None:
        with self._double.store.transaction():
            if taken or attempts + 1 >= _ATTEMPTS:
                state = "delivered" if taken else "given_up"
                self._double.store.end_delivery(sequence, state)
            else:
                due = self._double.bench.clock() + 2**attempts
                self._double.store.postpone_delivery(sequence, due=due)

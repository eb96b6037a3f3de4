"""Buyers without an account: how they get to their order, and to nobody else's."""

import hashlib
from datetime import timedelta
from typing import Final
from uuid import UUID

from bodega.backbone.module import Context
from bodega.commerce.orders.domain.passes import read_pass, same_mailbox, write_pass
from bodega.commerce.orders.errors import TooManyLookUps
from bodega.commerce.orders.repository import orders
from bodega.contracts.orders import OrderPass, OrderView
from bodega.kernel.ids import OrderId

WINDOW: Final = 15 * 60
MAX_TRIES: Final = 10
MAX_TRIES_FOR_NUMBER: Final = 30
_NOBODY: Final = "nobody@invalid"
_NONE: Final = OrderId(UUID(int=0))


class Gate:
    """An order that is not there, a customer's and a wrong address are refused alike: by the same
    queries, after the same comparison, and no tries are counted in one case only."""

    def __init__(self, context: Context) -> None:
        self._database = context.database
        self._cache = context.cache
        self._clock = context.clock
        self._key = context.settings.secret_key.get_secret_value().encode()
        self._lasts = timedelta(days=context.settings.orders_pass_days)

    async def look_up(self, *, number: int, email: str, address: str) -> OrderView | None:
        """Raises TooManyLookUps: after so many tries from one address, or for one number."""
        await self._count(f"from:{address}", MAX_TRIES)
        await self._count(f"for:{number}", MAX_TRIES_FOR_NUMBER)
        async with self._database.reading() as connection:
            found = await orders.guest_of(connection, number)
            right = same_mailbox(email, found.email if found else _NOBODY)
            opened = found.id if found and right else _NONE
            return await orders.find_order(connection, opened)

    async def _count(self, who: str, most: int) -> None:
        name = hashlib.sha256(who.encode()).hexdigest()[:32]
        tries = await self._cache.count(f"orders:look-up:{name}", window_seconds=WINDOW)
        if tries > most:
            raise TooManyLookUps

    def issue(self, order_id: OrderId) -> OrderPass:
        until = self._clock.now() + self._lasts
        return OrderPass(token=write_pass(self._key, order_id, until=until), expires_at=until)

    async def open(self, token: str) -> OrderView | None:
        order_id = read_pass(self._key, token, now=self._clock.now())
        if order_id is None:
            return None
        async with self._database.reading() as connection:
            order = await orders.find_order(connection, order_id)
        return order if order is not None and order.customer_id is None else None

"""A checkout that can be killed, under a clock that the test moves."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.checkout.service import CheckoutService
from bodega.contracts.checkout import CheckoutRequest, CheckoutView
from bodega.contracts.orders import Orders
from bodega.contracts.payments import Payments
from bodega.kernel.clock import FixedClock
from bodega.kernel.ids import CartId, CheckoutId, VariantId, new_id
from tests.commerce.checkout.crashes import Doom, Scorer, mortal
from tests.kit.goods import filled_cart, level, purchase, stocked
from tests.kit.provider import RunningProvider

STOCK = 3
LAPSE = timedelta(minutes=6)
DECLINED = "pm_card_chargeDeclinedInsufficientFunds"


def rows(settings: Settings, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(settings.dsn) as connection:
        return connection.execute(sql.encode(), values or None).fetchall()


def types(settings: Settings) -> list[str]:
    """What checkout told the world, in order."""
    told = rows(settings, "SELECT type FROM backbone.outbox ORDER BY id")
    return [row[0] for row in told if row[0].startswith("checkout.")]


class Shop:
    def __init__(self, context: Context, provider: RunningProvider) -> None:
        self.context, self.provider = context, provider
        self.clock = FixedClock(datetime.now(UTC))
        self.doom = Doom()
        self.scorer = Scorer()
        self.mortal = mortal(context, self.doom, self.clock, self.scorer)

    async def open(self, quantity: int = 1) -> "Shop":
        self.variant: VariantId = await stocked(self.context, STOCK)
        self.cart: CartId = await filled_cart(self.context, self.variant, quantity=quantity)
        self.checkout = CheckoutId(new_id())
        return self

    async def submit(
        self, request: CheckoutRequest | None = None, id_: CheckoutId | None = None
    ) -> CheckoutView:
        return await CheckoutService(self.mortal).submit(
            checkout_id=id_ or self.checkout,
            request=request or purchase(self.cart),
            customer_id=None,
        )

    @property
    def service(self) -> CheckoutService:
        return CheckoutService(self.mortal)

    async def restart(self, after: timedelta = LAPSE) -> CheckoutView:
        """Another process comes up after the lease has lapsed."""
        self.clock.at += after
        await CheckoutService(self.mortal).resume()
        return await self.view()

    async def view(self) -> CheckoutView:
        found = await CheckoutService(self.mortal).checkout(self.checkout)
        assert found is not None
        return found

    async def money(self) -> list[dict[str, Any]]:
        payment = await self.context.container.get(Payments).payment(self.checkout)
        if payment is None:
            return []
        return await asyncio.to_thread(self.provider.intents, payment.id)

    async def check_placed(self, quantity: int = 1) -> None:
        view = await self.view()
        order = await self.context.container.get(Orders).by_checkout(self.checkout)
        payment = await self.context.container.get(Payments).payment(self.checkout)
        stock = await level(self.context, self.variant)
        [intent] = await self.money()
        assert order is not None
        assert payment is not None
        assert (view.state, view.order_id, view.order_number) == (
            "completed",
            order.id,
            order.number,
        )
        assert order.status != "cancelled"
        assert payment.status == "captured"
        assert intent["amount_received"] == view.total.amount == order.total.amount
        assert (stock.on_hand, stock.allocated) == (STOCK, quantity)
        assert stock.available == STOCK - quantity

    async def check_undone(self) -> None:
        view = await self.view()
        order = await self.context.container.get(Orders).by_checkout(self.checkout)
        payment = await self.context.container.get(Payments).payment(self.checkout)
        stock = await level(self.context, self.variant)
        assert view.state == "failed"
        assert order is None or order.status == "cancelled"
        assert payment is None or payment.status in ("declined", "voided")
        assert all(item["status"] != "requires_capture" for item in await self.money())
        assert (stock.on_hand, stock.allocated, stock.available) == (STOCK, 0, STOCK)

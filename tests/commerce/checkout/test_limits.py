"""How many of a variant one customer may buy, whoever buys at the same time."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from bodega.apps.compose import compose
from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.checkout.domain import still_allowed
from bodega.commerce.checkout.errors import PurchaseLimitReached
from bodega.commerce.checkout.jobs import resume
from bodega.commerce.checkout.service import CheckoutService
from bodega.contracts.cart import Carts
from bodega.contracts.checkout import CheckoutView
from bodega.contracts.orders import BoughtUnits, Orders
from bodega.kernel.ids import CartId, CheckoutId, CommandId, UserId, VariantId, new_id
from bodega.kernel.quantity import PurchaseLimit
from tests.commerce.checkout.shops import rows
from tests.kit.doors import Doors, key
from tests.kit.goods import filled_cart, purchase, stocked
from tests.kit.provider import RunningProvider

ADA = "ada@example.com"


def limit(settings: Settings, variant: VariantId, units: int, days: int | None = None) -> None:
    said = "UPDATE catalog.variants SET purchase_limit = %s, purchase_limit_days = %s WHERE id = %s"
    rows(settings, f"{said} RETURNING id", units, days, variant)


@pytest.fixture
async def mug(context: Context, settings: Settings) -> VariantId:
    """Two per customer."""
    variant = await stocked(context, 50)
    limit(settings, variant, 2)
    return variant


class SlowBook:
    """Orders, who take their time: whoever asks beside others gets the same answer."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders

    def __getattr__(self, name: str) -> Any:
        return getattr(self._orders, name)

    async def bought_units(self, **asked: Any) -> list[BoughtUnits]:
        found = await self._orders.bought_units(**asked)
        await asyncio.sleep(0.05)
        return found


class Till:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.service = CheckoutService(context)

    async def buy(
        self,
        *variants: VariantId,
        quantity: int = 1,
        customer: UserId | None = None,
        **changes: str,
    ) -> CheckoutView:
        cart = await filled_cart(self.context, *variants, quantity=quantity, customer_id=customer)
        return await self.submit(cart, customer, **changes)

    async def submit(
        self, cart: CartId, customer: UserId | None = None, **changes: str
    ) -> CheckoutView:
        return await self.service.submit(
            checkout_id=CheckoutId(new_id()),
            request=purchase(cart, **changes),
            customer_id=customer,
        )

    async def refused(self, *wanted: Any, **more: Any) -> PurchaseLimitReached:
        with pytest.raises(PurchaseLimitReached) as refusal:
            await self.buy(*wanted, **more)
        return refusal.value


@pytest.fixture
def till(context: Context, provider: RunningProvider) -> Till:
    return Till(context)


async def test_a_guest_buys_so_many_in_all_and_no_more(till: Till, mug: VariantId) -> None:
    assert (await till.buy(mug)).state == "completed"
    assert (await till.buy(mug, email=" Ada@Example.com ")).state == "completed"
    refusal = await till.refused(mug)
    assert (refusal.code, refusal.status) == ("purchase_limit_reached", 409)
    assert refusal.detail.endswith("2 per customer")  # whoever typed the address learns no more
    assert (await till.buy(mug, email="eve@example.com")).state == "completed"


async def test_a_customer_is_the_same_under_another_address_and_as_a_guest(
    till: Till, mug: VariantId
) -> None:
    ada = UserId(new_id())
    await till.buy(mug, customer=ada)
    await till.refused(mug, quantity=2, customer=ada, email="b@example.com")
    await till.buy(mug, customer=ada, email="b@example.com")
    await till.refused(mug, customer=ada, email="c@example.com")
    assert (await till.buy(mug)).state == "completed"  # Ada's own mailbox has seen one so far
    await till.refused(mug)


async def test_parallel_checkouts_of_one_buyer_cannot_pass_together(
    till: Till, settings: Settings, provider: RunningProvider, mug: VariantId
) -> None:
    """Two API processes, as guest and as customer, other goods beside it in other orders."""
    other = await stocked(till.context, 50)
    limit(settings, other, 1)
    ada = UserId(new_id())
    second = compose(settings)
    tills = [till, Till(second.context)]
    for one in tills:
        one.context.container.bind(Orders, SlowBook(one.context.container.get(Orders)))
    orders = ((mug, other), (other, mug))
    try:
        carts = [await filled_cart(till.context, *orders[n // 2 % 2]) for n in range(6)]
        carts += [await filled_cart(till.context, mug, customer_id=ada) for _ in tills]
        ended = await asyncio.gather(
            *(tills[n % 2].submit(cart, ada if n > 5 else None) for n, cart in enumerate(carts)),
            return_exceptions=True,
        )
    finally:
        await second.close()
    passed = [one for one in ended if not isinstance(one, BaseException)]
    others = [one for one in ended if isinstance(one, BaseException)]
    assert all(isinstance(one, PurchaseLimitReached) for one in others), others
    sold = await till.context.container.get(Orders).bought_units(
        customer_id=ada, email=ADA, since={mug: None, other: None}
    )
    by_variant = {mug: 0, other: 0}
    for one in sold:
        by_variant[one.variant_id] += one.units
    assert by_variant[mug] == 2
    assert by_variant[other] <= 1
    assert {one.state for one in passed} == {"completed"}


async def test_what_was_undone_cancelled_or_came_back_may_be_bought_again(
    till: Till, settings: Settings, provider: RunningProvider, mug: VariantId
) -> None:
    assert (await till.buy(mug, quantity=2, token="pm_card_chargeDeclined")).state == "failed"
    bought = await till.buy(mug, quantity=2)
    await till.refused(mug)
    orders = till.context.container.get(Orders)
    rows(
        settings,
        """UPDATE orders.order_lines SET fulfilled = 2, delivered = 2, returned = 1
           WHERE order_id = %s AND kind = 'product' RETURNING id""",
        bought.order_id,
    )
    assert (await till.buy(mug)).state == "completed"
    await till.refused(mug)
    await orders.cancel(command_id=CommandId(new_id()), checkout_id=bought.id, reason="test")
    assert (await till.buy(mug)).state == "completed"
    provider.line.cut("lost")
    rows(settings, "UPDATE orders.orders SET status = 'cancelled' RETURNING id")
    waiting = await till.buy(mug, quantity=2)
    assert waiting.state == "running"
    await till.refused(mug)  # what is under way counts
    provider.line.mend()
    rows(
        settings,
        """UPDATE checkout.checkouts SET stop_requested = true, leased_until = now()
           WHERE id = %s RETURNING id""",
        waiting.id,
    )
    await resume(till.context)
    assert (await till.buy(mug, quantity=2)).state == "completed"


async def test_a_period_that_is_over_counts_no_more(
    till: Till, settings: Settings, mug: VariantId
) -> None:
    limit(settings, mug, 2, 30)
    bought = await till.buy(mug, quantity=2)
    assert "2 per customer in 30 days" in (await till.refused(mug)).detail
    old = "UPDATE orders.orders SET occurred_at = %s WHERE id = %s RETURNING id"
    now = till.context.clock.now()
    rows(settings, old, now - timedelta(days=29, hours=23), bought.order_id)
    await till.refused(mug)
    rows(settings, old, now - timedelta(days=30, minutes=1), bought.order_id)
    assert (await till.buy(mug, quantity=2)).state == "completed"


async def test_the_cart_says_how_many_are_left_for_a_customer(
    till: Till, settings: Settings, provider: RunningProvider, mug: VariantId
) -> None:
    ada = UserId(new_id())
    await till.buy(mug, customer=ada)
    cart = await filled_cart(till.context, mug, quantity=2, customer_id=ada)
    carts = till.context.container.get(Carts)
    view = await carts.cart(cart, customer_id=ada)
    assert view is not None
    [told] = view.lines[0].notices
    assert (told.kind, told.left, view.problems) == ("purchase_limit", 1, ["lines_unavailable"])
    assert view.lines[0].purchase_limit == PurchaseLimit(units=2)
    less = await carts.set_line(
        command_id=CommandId(new_id()), cart_id=cart, customer_id=ada, variant_id=mug, quantity=1
    )
    assert less.problems == []
    provider.line.cut("lost")
    await till.submit(cart, ada)
    view = await carts.cart(cart, customer_id=ada)
    assert view is not None
    assert view.problems == []  # its own checkout is not held against it


async def test_over_http_it_is_a_409_with_the_variant(
    client: httpx.AsyncClient, till: Till, mug: VariantId, doors: Doors
) -> None:
    await till.buy(mug, quantity=2)
    cart = await filled_cart(till.context, mug)
    sent = purchase(cart).model_dump(mode="json", exclude_none=True)
    answer = await client.post("/api/v1/checkouts", json=sent, headers=key())
    assert (answer.status_code, answer.json()["code"]) == (409, "purchase_limit_reached")
    assert answer.json()["variant_id"] == str(mug)
    too_many = await client.put(
        f"/api/v1/carts/{cart}/lines/{mug}", json={"quantity": 3}, headers=key() | {"if-match": "*"}
    )
    assert (too_many.status_code, too_many.json()["code"]) == (400, "too_many_units")


def test_a_checkout_that_has_placed_its_order_counts_once() -> None:
    mug, checkout, other = VariantId(new_id()), CheckoutId(new_id()), CheckoutId(new_id())
    under_way = [BoughtUnits(variant_id=mug, checkout_id=one, units=2) for one in (checkout, other)]

    def left(*units: int) -> int:
        placed = [BoughtUnits(variant_id=mug, checkout_id=checkout, units=one) for one in units]
        return still_allowed({mug: PurchaseLimit(units=9)}, under_way, placed)[mug]

    assert left() == 5
    assert left(2) == 5
    assert left(0) == 7  # cancelled while it is being undone
    assert left(30) == 0

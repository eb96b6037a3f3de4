"""The saga under fire: every end is a placed and paid order, or nothing at all."""

import asyncio
from contextlib import suppress

import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from bodega.apps.compose import compose
from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.checkout.errors import (
    CartEmpty,
    CartInCheckout,
    CartNotFound,
    CartOrdered,
    CheckoutKeyReused,
    VariantUnavailable,
)
from bodega.commerce.checkout.jobs import resume
from bodega.commerce.checkout.service import CheckoutService
from bodega.contracts.cart import Carts
from bodega.contracts.inventory import Inventory
from bodega.contracts.orders import Orders
from bodega.kernel.ids import CartId, CheckoutId, CommandId, LocationId, UserId, new_id
from tests.commerce.checkout.crashes import Killed
from tests.commerce.checkout.shops import DECLINED, LAPSE, STOCK, Shop, rows, types
from tests.kit.goods import ADDRESS, filled_cart, level, purchase
from tests.kit.provider import RunningProvider


@pytest.fixture
async def shop(context: Context, provider: RunningProvider) -> Shop:
    return await Shop(context, provider).open()


def commits() -> float:
    """Of this process so far."""
    return REGISTRY.get_sample_value("bodega_database_commits_total") or 0


async def test_a_sale_goes_through_in_nine_commits(shop: Shop) -> None:
    before = commits()
    view = await shop.submit()
    assert view.state == "completed"
    assert commits() - before == 9
    assert shop.doom.calls == ["reserve", "authorise", "allocate", "place", "capture"]
    await shop.check_placed()


async def test_an_ended_saga_forgets_who_bought(shop: Shop, settings: Settings) -> None:
    await shop.submit()
    kept = rows(settings, "SELECT email, shipping_address, payment_token FROM checkout.checkouts")
    assert kept == [(None, None, None)]
    [(said,)] = rows(settings, "SELECT string_agg(payload::text, '') FROM backbone.outbox")
    assert "ada@" not in said  # three letters alone may stand in an id
    assert "Ada" not in said


async def test_goods_come_from_the_location_nearest_to_where_they_go(
    shop: Shop, settings: Settings
) -> None:
    berlin = LocationId(new_id())
    with psycopg.connect(settings.dsn) as connection:
        connection.execute(
            "INSERT INTO inventory.locations (id, code, name, kind, country)"
            " VALUES (%s, 'berlin', 'Berlin', 'warehouse', 'DE')",
            [berlin],
        )
    stock = shop.context.container.get(Inventory)
    await stock.receive(
        command_id=CommandId(new_id()),
        variant_id=shop.variant,
        quantity=1,
        reason="received",
        location_id=berlin,
    )
    away = ADDRESS.model_copy(update={"country": "DE"})
    assert (await shop.submit(purchase(shop.cart, shipping_address=away))).state == "completed"
    [taken] = await stock.allocations(shop.checkout)
    assert taken.location_id == berlin


async def test_a_declined_card_undoes_everything(shop: Shop, settings: Settings) -> None:
    view = await shop.submit(purchase(shop.cart, token=DECLINED))
    assert (view.state, view.failure_code, view.decline_code) == (
        "failed",
        "payment_declined",
        "insufficient_funds",
    )
    await shop.check_undone()
    assert types(settings) == ["checkout.failed"]


async def test_a_declined_cart_may_try_another_card(shop: Shop) -> None:
    await shop.submit(purchase(shop.cart, token=DECLINED))
    shop.checkout = CheckoutId(new_id())
    assert (await shop.submit()).state == "completed"
    await shop.check_placed()


async def test_more_than_there_is_charges_nobody(
    context: Context, provider: RunningProvider
) -> None:
    shop = await Shop(context, provider).open(quantity=STOCK + 1)
    view = await shop.submit()
    assert (view.state, view.failure_code) == ("failed", "out_of_stock")
    assert "authorise" not in shop.doom.calls
    await shop.check_undone()


async def test_a_hold_that_the_bank_let_go_cancels_the_order(shop: Shop) -> None:
    shop.doom.at = [9]
    with pytest.raises(Killed):
        await shop.submit()
    [intent] = await shop.money()
    shop.provider.ask("POST", f"/v1/payment_intents/{intent['id']}/cancel")
    view = await shop.restart()
    assert (view.state, view.failure_code) == ("failed", "payment_not_captured")
    await shop.check_undone()
    order = await shop.context.container.get(Orders).by_checkout(shop.checkout)
    assert order is not None
    assert order.status == "cancelled"


@pytest.mark.parametrize("where", ["POST /v1/payment_intents", "/capture"])
async def test_a_process_killed_inside_a_provider_call_is_taken_over(
    shop: Shop, where: str
) -> None:
    shop.provider.line.cut("hung", where, times=1)
    driver = asyncio.ensure_future(shop.submit())
    await asyncio.to_thread(shop.provider.line.struck.wait, 10)
    driver.cancel()
    with pytest.raises(asyncio.CancelledError):
        await driver
    await shop.restart()
    await shop.check_placed()


async def test_a_provider_that_is_away_keeps_the_saga_waiting(
    shop: Shop, settings: Settings
) -> None:
    shop.provider.line.cut("lost")
    assert (await shop.submit()).state == "running"
    assert (await shop.restart()).state == "running"
    shop.provider.line.mend()
    assert (await shop.restart()).state == "completed"
    await shop.check_placed()
    assert types(settings) == ["checkout.completed"]


async def test_stock_does_not_wait_for_a_provider_that_is_away(shop: Shop) -> None:
    shop.doom.at = [9]
    with pytest.raises(Killed):
        await shop.submit()
    [intent] = await shop.money()
    shop.provider.ask("POST", f"/v1/payment_intents/{intent['id']}/capture", amount_to_capture="50")
    shop.provider.line.cut("refused", "refunds")
    assert (await shop.restart()).state == "undoing"
    assert (await level(shop.context, shop.variant)).available == STOCK
    shop.provider.line.mend()
    assert (await shop.restart()).state == "failed"


async def test_a_lapsed_hold_loses_to_a_quicker_buyer(shop: Shop) -> None:
    shop.doom.at = [5]
    with pytest.raises(Killed):
        await shop.submit()
    with psycopg.connect(shop.context.settings.dsn) as connection:
        connection.execute("UPDATE inventory.reservations SET expires_at = now()")
    quick = Shop(shop.context, shop.provider)
    quick.variant, quick.checkout = shop.variant, CheckoutId(new_id())
    quick.cart = await filled_cart(shop.context, shop.variant, quantity=STOCK)
    assert (await quick.submit()).state == "completed"
    view = await shop.restart()
    assert (view.state, view.failure_code) == ("failed", "out_of_stock")
    assert (await level(shop.context, shop.variant)).available == 0
    [intent] = await shop.money()
    assert intent["status"] == "canceled"


async def test_a_double_submit_buys_once(shop: Shop, settings: Settings) -> None:
    first, second = await asyncio.gather(shop.submit(), shop.submit())
    assert first == second
    assert await shop.submit() == first
    await shop.check_placed()
    assert rows(settings, "SELECT count(*) FROM orders.orders") == [(1,)]


async def test_the_same_id_with_another_request_is_refused(shop: Shop) -> None:
    await shop.submit()
    with pytest.raises(CheckoutKeyReused):
        await shop.submit(purchase(shop.cart, email="eve@example.com"))


async def test_a_resubmit_takes_over_from_a_dead_process(shop: Shop) -> None:
    shop.doom.at = [6]
    with pytest.raises(Killed):
        await shop.submit()
    shop.clock.at += LAPSE
    assert (await shop.submit()).state == "completed"
    await shop.check_placed()


async def test_one_cart_has_one_live_checkout(shop: Shop) -> None:
    shop.doom.at = [4]
    with pytest.raises(Killed):
        await shop.submit()
    with pytest.raises(CartInCheckout):
        await shop.submit(id_=CheckoutId(new_id()))
    await shop.restart()
    with pytest.raises(CartOrdered):
        await shop.submit(id_=CheckoutId(new_id()))


async def test_two_workers_never_resume_the_same_saga_to_two_ends(
    shop: Shop, settings: Settings
) -> None:
    shop.doom.at = [7]
    with pytest.raises(Killed):
        await shop.submit()
    shop.clock.at += LAPSE
    await asyncio.gather(*(CheckoutService(shop.mortal).resume() for _ in range(3)))
    await shop.check_placed()
    assert types(settings) == ["checkout.completed"]


async def test_a_slow_driver_and_its_successor_come_to_the_same_end(
    shop: Shop, settings: Settings
) -> None:
    shop.provider.line.cut("late", "/capture", times=1, seconds=0.4)
    slow = asyncio.ensure_future(shop.submit())
    await asyncio.to_thread(shop.provider.line.struck.wait, 10)
    await shop.restart()
    assert (await slow).state == "completed"
    await shop.check_placed()
    assert types(settings) == ["checkout.completed"]


async def test_carts_that_cannot_be_bought(shop: Shop, context: Context) -> None:
    empty = await filled_cart(context)
    with pytest.raises(CartEmpty):
        await shop.submit(purchase(empty))
    with pytest.raises(CartNotFound):
        await shop.submit(purchase(CartId(new_id())))
    own = await filled_cart(context, shop.variant, customer_id=UserId(new_id()))
    with pytest.raises(CartNotFound):
        await shop.submit(purchase(own))
    with psycopg.connect(context.settings.dsn) as connection:
        connection.execute("UPDATE catalog.products SET status = 'archived'")
    with pytest.raises(VariantUnavailable):
        await shop.submit()


async def test_the_amount_is_what_the_cart_shows_at_that_moment(shop: Shop) -> None:
    with psycopg.connect(shop.context.settings.dsn) as connection:
        connection.execute("UPDATE catalog.variants SET price_amount = 750")
    cart = await shop.context.container.get(Carts).cart(shop.cart, customer_id=None)
    assert cart is not None
    assert cart.quote is not None
    view = await shop.submit()
    assert view.total == cart.quote.total
    assert view.total.amount == 750 + 490


async def test_the_job_resumes_what_is_due(shop: Shop) -> None:
    shop.doom.at = [8]
    with pytest.raises(Killed):
        await shop.submit()
    await resume(shop.mortal)
    assert (await shop.view()).state == "running"
    shop.clock.at += LAPSE
    await resume(shop.mortal)
    await shop.check_placed()


async def test_a_saga_that_breaks_does_not_stop_the_others(shop: Shop, context: Context) -> None:
    shop.doom.at = [6]
    with pytest.raises(Killed):
        await shop.submit()
    with psycopg.connect(context.settings.dsn) as connection:
        connection.execute("UPDATE payments.payments SET amount_amount = 1")
    healthy = await Shop(context, shop.provider).open()
    healthy.doom.at = [6]
    with pytest.raises(Killed):
        await healthy.submit()
    healthy.clock.at = shop.clock.at
    assert (await healthy.restart()).state == "completed"
    assert (await shop.view()).state == "running"


@hypothesis_settings(
    max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
@given(
    points=st.lists(st.integers(1, 40), max_size=4, unique=True),
    asked=st.tuples(
        st.sampled_from(["pm_card_visa", "pm_card_visa", DECLINED]), st.integers(1, STOCK + 1)
    ),
    lost=st.integers(0, 3),
)
def test_any_run_of_crashes_ends_placed_or_undone(
    settings: Settings,
    provider: RunningProvider,
    points: list[int],
    asked: tuple[str, int],
    lost: int,
) -> None:
    token, quantity = asked

    async def history() -> None:
        composed = compose(settings)
        try:
            shop = await Shop(composed.context, provider).open(quantity)
            shop.doom.at = points
            provider.line.cut("lost", "payment_intents", times=lost)
            with suppress(Killed):
                await shop.submit(purchase(shop.cart, token=token))
            for _ in range(len(points) + 3):
                try:
                    await shop.restart()
                except Killed:
                    continue
            if token == DECLINED or quantity > STOCK:
                await shop.check_undone()
            else:
                await shop.check_placed(quantity)
        finally:
            provider.line.mend()
            await composed.close()

    asyncio.run(history())

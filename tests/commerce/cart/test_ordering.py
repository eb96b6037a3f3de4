"""A customer who goes on shopping while their checkout ends, over the real checkout."""

from uuid import uuid4

import httpx
import pytest

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.cart.handlers import HANDLERS
from bodega.contracts.cart import Carts, CartView, SetNote
from bodega.contracts.checkout import CheckoutCompleted, Checkouts, CheckoutView
from bodega.contracts.orders import Orders
from bodega.kernel.errors import Conflict
from bodega.kernel.ids import CartId, CheckoutId, CommandId, UserId, VariantId
from tests.commerce.people import react
from tests.kit.goods import filled_cart, purchase, stocked
from tests.kit.provider import RunningProvider

MARIA = UserId(uuid4())


@pytest.fixture
def settings(settings: Settings, provider: RunningProvider) -> Settings:
    return settings.model_copy(
        update={"payments_url": provider.url, "serving_url": "http://127.0.0.1:9"}
    )


def command() -> CommandId:
    return CommandId(uuid4())


async def bought(context: Context, cart: CartView) -> CheckoutView:
    assert cart.quote is not None
    done = await context.container.get(Checkouts).submit(
        checkout_id=CheckoutId(uuid4()),
        request=purchase(cart.id, expected_total=cart.quote.total),
        customer_id=cart.customer_id,
    )
    assert done.state == "completed", done
    return done


async def shown(context: Context, cart_id: CartId) -> CartView:
    found = await context.container.get(Carts).cart(cart_id, customer_id=MARIA)
    assert found is not None
    return found


async def added(context: Context, cart_id: CartId) -> VariantId:
    late = await stocked(context, 9)
    await context.container.get(Carts).set_line(
        command_id=command(),
        cart_id=cart_id,
        customer_id=MARIA,
        variant_id=late,
        quantity=1,
        add=True,
    )
    return late


async def test_what_comes_in_while_the_order_is_placed_is_in_the_next_cart(
    context: Context,
) -> None:
    carts, tills = context.container.get(Carts), context.container.get(Checkouts)
    cart_id = await filled_cart(context, await stocked(context, 9), quantity=2, customer_id=MARIA)
    waiting = await tills.submit(
        checkout_id=CheckoutId(uuid4()),
        request=purchase(
            cart_id,
            token="pm_card_authenticationRequired",
            return_url="http://shop.test/return",
        ),
        customer_id=MARIA,
    )
    assert waiting.state == "waiting", waiting
    under_way = await shown(context, cart_id)
    assert (under_way.status, under_way.checkout_id) == ("open", waiting.id)
    late = await added(context, cart_id)
    assert waiting.action_url is not None
    async with httpx.AsyncClient() as bank:
        await bank.post(waiting.action_url, data={"outcome": "authorise"})
    done = await tills.proceed(waiting.id)
    assert done is not None
    assert done.state == "completed", done
    closed = await shown(context, cart_id)
    assert (closed.status, closed.checkout_id) == ("ordered", None)
    fresh = await carts.open(command_id=command(), customer_id=MARIA)
    assert {line.variant_id: line.quantity for line in fresh.lines} == {late: 1}
    assert closed.next_cart_id == fresh.id
    again = await bought(context, fresh)
    order = await context.container.get(Orders).by_checkout(again.id)
    assert order is not None
    assert [line.variant_id for line in order.lines if line.kind == "product"] == [late]


@pytest.mark.parametrize("first", ["look", "change", "open", "claim"])
async def test_an_ordered_cart_is_closed_before_anybody_heard_of_the_order(
    context: Context, first: str
) -> None:
    """The event is on its way: whoever comes first finds the cart closed all the same."""
    carts = context.container.get(Carts)
    cart_id = await filled_cart(context, await stocked(context, 9), customer_id=MARIA)
    done = await bought(context, await shown(context, cart_id))
    if first == "change":
        with pytest.raises(Conflict) as refused:
            await added(context, cart_id)
        assert refused.value.code == "cart_closed"
    elif first == "open":
        assert (await carts.open(command_id=command(), customer_id=MARIA)).id != cart_id
    elif first == "claim":
        own = await carts.claim(command_id=command(), cart_id=cart_id, customer_id=MARIA)
        assert own.id != cart_id
    assert (await shown(context, cart_id)).status == "ordered"
    assert done.order_id is not None
    event = CheckoutCompleted(checkout_id=done.id, cart_id=cart_id, order_id=done.order_id)
    fresh = await carts.open(command_id=command(), customer_id=MARIA)
    await react(context, HANDLERS, event)
    assert (await carts.open(command_id=command(), customer_id=MARIA)).id == fresh.id
    assert fresh.lines == []


async def test_a_cart_whose_checkout_failed_stays_open(context: Context) -> None:
    cart_id = await filled_cart(context, await stocked(context, 9), customer_id=MARIA)
    failed = await context.container.get(Checkouts).submit(
        checkout_id=CheckoutId(uuid4()),
        request=purchase(cart_id, token="pm_card_chargeDeclined"),
        customer_id=MARIA,
    )
    assert failed.state == "failed", failed
    cart = await shown(context, cart_id)
    assert (cart.status, cart.checkout_id) == ("open", None)
    await added(context, cart_id)


async def test_the_quote_of_the_cart_is_what_the_order_comes_to(context: Context) -> None:
    carts = context.container.get(Carts)
    variant_id = await stocked(context, 9)
    cart_id = await filled_cart(context, variant_id, quantity=3, customer_id=MARIA)
    cart = await carts.change(
        command_id=command(),
        cart_id=cart_id,
        customer_id=MARIA,
        change=SetNote(note="Ring twice"),
    )
    done = await bought(context, cart)
    order = await context.container.get(Orders).by_checkout(done.id)
    assert order is not None
    assert cart.quote is not None
    assert (order.total, done.total) == (cart.quote.total, cart.quote.total)


async def test_a_total_nobody_was_shown_is_not_charged(context: Context) -> None:
    cart_id = await filled_cart(context, await stocked(context, 9), customer_id=MARIA)
    cart = await shown(context, cart_id)
    assert cart.quote is not None
    with pytest.raises(Conflict) as refused:
        await context.container.get(Checkouts).submit(
            checkout_id=CheckoutId(uuid4()),
            request=purchase(cart_id, expected_total=cart.total),
            customer_id=MARIA,
        )
    assert refused.value.code == "total_changed"

"""What a checkout does to its cart."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from bodega.backbone.module import Context
from bodega.commerce.cart import errors, service
from bodega.commerce.cart.handlers import HANDLERS
from bodega.commerce.cart.service import CartService
from bodega.contracts.cart import CartView, SaveLine
from bodega.contracts.checkout import CheckoutCompleted, CheckoutFailed, CheckoutHeld, TakenUnits
from bodega.contracts.orders import OrderLine, Orders, PlaceOrder
from bodega.kernel.clock import FixedClock
from bodega.kernel.ids import CartId, CheckoutId, CommandId, OrderId, UserId, VariantId
from bodega.kernel.money import total
from tests.commerce.people import react
from tests.kit.goods import ADDRESS, stocked

MARIA = UserId(uuid4())


def command() -> CommandId:
    return CommandId(uuid4())


@pytest.fixture
def carts(context: Context) -> CartService:
    return CartService(context)


async def put(
    carts: CartService, cart: CartView, variant_id: VariantId, quantity: int = 1
) -> CartView:
    return await carts.set_line(
        command_id=command(),
        cart_id=cart.id,
        customer_id=cart.customer_id,
        variant_id=variant_id,
        quantity=quantity,
        add=True,
    )


async def order(context: Context, cart: CartView) -> CheckoutCompleted:
    """An order for what the cart holds now, and what checkout then says."""
    lines = [
        OrderLine(
            product_id=line.product_id,
            variant_id=line.variant_id,
            sku=line.sku,
            title=line.title,
            quantity=line.quantity,
            unit_price=line.unit_price,
            total=line.total,
        )
        for line in cart.lines
    ]
    checkout_id = CheckoutId(uuid4())
    request = PlaceOrder(
        checkout_id=checkout_id,
        cart_id=cart.id,
        customer_id=cart.customer_id,
        email="maria@example.com",
        shipping_address=ADDRESS,
        lines=lines,
        total=total([line.total for line in lines], cart.currency),
    )
    placed = await context.container.get(Orders).place(command_id=command(), request=request)
    return CheckoutCompleted(checkout_id=checkout_id, cart_id=cart.id, order_id=placed.order_id)


async def filled(context: Context, customer_id: UserId | None, quantity: int = 1) -> CartView:
    carts = CartService(context)
    cart = await carts.open(command_id=command(), customer_id=customer_id)
    return await put(carts, cart, await stocked(context, 10), quantity)


async def test_an_ordered_cart_is_closed_and_the_next_is_fresh(
    context: Context, carts: CartService
) -> None:
    cart = await filled(context, MARIA)
    event = await order(context, cart)
    for _ in range(2):
        await react(context, HANDLERS, event)
    seen = await carts.cart(cart.id, customer_id=MARIA)
    assert seen is not None
    assert (seen.status, seen.version) == ("ordered", cart.version + 1)
    assert seen.next_cart_id is None
    with pytest.raises(errors.CartClosed):
        await put(carts, cart, cart.lines[0].variant_id)
    fresh = await carts.open(command_id=command(), customer_id=MARIA)
    assert fresh.id != cart.id
    assert (fresh.status, fresh.lines) == ("open", [])


@pytest.mark.parametrize("who", [MARIA, None])
@pytest.mark.parametrize("told", [True, False])
async def test_what_came_in_while_the_order_was_placed_goes_on_in_the_next_cart(
    context: Context, carts: CartService, who: UserId | None, told: bool
) -> None:
    cart = await filled(context, who, quantity=2)
    event = await order(context, cart)
    if told:  # then nobody asks the order, which is not to be found here
        units = [TakenUnits(variant_id=cart.lines[0].variant_id, quantity=2)]
        event = event.model_copy(update={"units": units, "order_id": OrderId(uuid4())})
    late, aside = await stocked(context, 10), await stocked(context, 10)
    await put(carts, cart, cart.lines[0].variant_id, 1)
    await put(carts, cart, late, 3)
    await put(carts, cart, aside, 1)
    saving = SaveLine(variant_id=aside, saved=True)
    await carts.change(command_id=command(), cart_id=cart.id, customer_id=who, change=saving)
    for _ in range(2):
        await react(context, HANDLERS, event)
    seen = await carts.cart(cart.id, customer_id=who)
    assert seen is not None
    assert seen.next_cart_id is not None
    after = await carts.cart(seen.next_cart_id, customer_id=who)
    assert after is not None
    assert {line.variant_id: line.quantity for line in after.lines} == {
        cart.lines[0].variant_id: 1,
        late: 3,
    }
    assert [line.variant_id for line in after.saved] == [aside]
    if who is not None:
        assert (await carts.open(command_id=command(), customer_id=who)).id == after.id
    with pytest.raises(errors.CartClosed) as refused:
        await put(carts, cart, late)
    assert refused.value.extra == {"next_cart_id": after.id}


async def test_an_order_that_waits_for_a_review_has_left_its_cart(
    context: Context, carts: CartService
) -> None:
    cart = await filled(context, MARIA)
    event = await order(context, cart)
    held = CheckoutHeld.model_validate(event.model_dump())
    for told in (held, event):
        await react(context, HANDLERS, told)
    fresh = await carts.open(command_id=command(), customer_id=MARIA)
    assert fresh.id != cart.id
    seen = await carts.cart(cart.id, customer_id=MARIA)
    assert seen is not None
    assert (seen.status, seen.version) == ("ordered", cart.version + 1)


async def test_what_was_ordered_leaves_the_cart_it_was_merged_into(
    context: Context, carts: CartService
) -> None:
    hers = await filled(context, MARIA, quantity=2)
    event = await order(context, hers)
    guests = await filled(context, None)
    mine = await carts.claim(command_id=command(), cart_id=guests.id, customer_id=MARIA)
    assert mine.units == 3
    for _ in range(2):
        await react(context, HANDLERS, event)
    seen = await carts.cart(mine.id, customer_id=MARIA)
    assert seen is not None
    assert (seen.status, seen.units) == ("open", 1)


async def test_claiming_an_ordered_guests_cart_answers_a_fresh_one(
    context: Context, carts: CartService
) -> None:
    cart = await filled(context, None)
    await react(context, HANDLERS, await order(context, cart))
    mine = await carts.claim(command_id=command(), cart_id=cart.id, customer_id=MARIA)
    assert mine.id != cart.id
    assert (mine.customer_id, mine.status) == (MARIA, "open")


async def test_a_failed_checkout_leaves_the_cart_open(context: Context, carts: CartService) -> None:
    cart = await carts.open(command_id=command(), customer_id=None)
    failed = CheckoutFailed(
        checkout_id=CheckoutId(uuid4()), cart_id=cart.id, failure_code="card_declined"
    )
    await react(context, HANDLERS, failed)
    assert await carts.cart(cart.id, customer_id=None) == cart


async def test_a_cart_that_is_gone_is_no_error(context: Context) -> None:
    event = CheckoutCompleted(
        checkout_id=CheckoutId(uuid4()), cart_id=CartId(uuid4()), order_id=OrderId(uuid4())
    )
    await react(context, HANDLERS, event)


async def test_a_cart_that_was_left_and_ordered_after_all_is_won_back(context: Context) -> None:
    cart = await filled(context, MARIA, quantity=2)
    priced = cart.lines[0].unit_price.amount
    later = replace(context, clock=FixedClock(datetime.now(UTC) + timedelta(hours=2)))
    assert await service.abandon_idle(later) == 1
    asked = text("SELECT units, value_amount, currency, ordered_at FROM cart.abandonments")
    async with context.database.reading() as connection:
        left = (await connection.execute(asked)).one()
    assert tuple(left) == (2, 2 * priced, cart.currency, None)
    await react(context, HANDLERS, await order(context, cart))
    async with context.database.reading() as connection:
        assert (await connection.execute(asked)).one().ordered_at is not None

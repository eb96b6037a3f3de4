"""What a checkout does to its cart."""

from uuid import uuid4

import pytest

from bodega.backbone.module import Context
from bodega.commerce.cart import errors
from bodega.commerce.cart.handlers import HANDLERS
from bodega.commerce.cart.service import CartService
from bodega.contracts.checkout import CheckoutCompleted, CheckoutFailed
from bodega.kernel.ids import CartId, CheckoutId, CommandId, OrderId, UserId, VariantId
from tests.commerce.people import react

MARIA = UserId(uuid4())


def completed(cart_id: CartId) -> CheckoutCompleted:
    return CheckoutCompleted(
        checkout_id=CheckoutId(uuid4()), cart_id=cart_id, order_id=OrderId(uuid4())
    )


async def test_an_ordered_cart_is_closed_and_the_next_is_fresh(context: Context) -> None:
    carts = CartService(context)
    cart = await carts.open(command_id=CommandId(uuid4()), customer_id=MARIA)
    event = completed(cart.id)
    for _ in range(2):
        await react(context, HANDLERS, event)
    seen = await carts.cart(cart.id, customer_id=MARIA)
    assert seen is not None
    assert (seen.status, seen.version) == ("ordered", cart.version + 1)
    with pytest.raises(errors.CartClosed):
        await carts.set_line(
            command_id=CommandId(uuid4()),
            cart_id=cart.id,
            customer_id=MARIA,
            variant_id=VariantId(uuid4()),
            quantity=1,
        )
    fresh = await carts.open(command_id=CommandId(uuid4()), customer_id=MARIA)
    assert fresh.id != cart.id
    assert fresh.status == "open"


async def test_claiming_an_ordered_guests_cart_answers_a_fresh_one(context: Context) -> None:
    carts = CartService(context)
    cart = await carts.open(command_id=CommandId(uuid4()), customer_id=None)
    await react(context, HANDLERS, completed(cart.id))
    mine = await carts.claim(command_id=CommandId(uuid4()), cart_id=cart.id, customer_id=MARIA)
    assert mine.id != cart.id
    assert (mine.customer_id, mine.status) == (MARIA, "open")


async def test_a_failed_checkout_leaves_the_cart_open(context: Context) -> None:
    carts = CartService(context)
    cart = await carts.open(command_id=CommandId(uuid4()), customer_id=None)
    failed = CheckoutFailed(
        checkout_id=CheckoutId(uuid4()), cart_id=cart.id, failure_code="card_declined"
    )
    await react(context, HANDLERS, failed)
    assert await carts.cart(cart.id, customer_id=None) == cart


async def test_a_cart_that_is_gone_is_no_error(context: Context) -> None:
    await react(context, HANDLERS, completed(CartId(uuid4())))

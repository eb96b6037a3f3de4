"""The Carts contract: commands once, guests who sign in, many at once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.cart import errors, service
from bodega.commerce.cart.service import CartService
from bodega.contracts.cart import CartView
from bodega.kernel.ids import CartId, CommandId, UserId, VariantId
from tests.commerce.people import product, put_in_stock, staff


def command() -> CommandId:
    return CommandId(uuid4())


@pytest.fixture
def carts(context: Context) -> CartService:
    return CartService(context)


@pytest.fixture
async def goods(client: httpx.AsyncClient, settings: Settings, context: Context) -> list[VariantId]:
    clerk = await staff(client, settings)
    made = [(await product(client, clerk))["variants"][0]["id"] for _ in range(3)]
    for variant_id in made:
        await put_in_stock(context, variant_id, 5)
    return [VariantId(UUID(variant_id)) for variant_id in made]


async def put(
    carts: CartService, cart: CartView, variant_id: VariantId, quantity: int, **more: Any
) -> CartView:
    given = {"command_id": command(), "customer_id": cart.customer_id} | more
    return await carts.set_line(cart_id=cart.id, variant_id=variant_id, quantity=quantity, **given)


async def test_a_command_repeated_is_done_once(carts: CartService, goods: list[VariantId]) -> None:
    cart, same = await carts.open(command_id=command(), customer_id=None), command()
    first = await put(carts, cart, goods[0], 2, add=True, command_id=same)
    second = await put(carts, cart, goods[0], 2, add=True, command_id=same)
    assert first == second
    assert (await put(carts, cart, goods[0], 2, add=True)).units == 4


async def test_buyers_who_add_at_once_lose_nothing(
    carts: CartService, goods: list[VariantId]
) -> None:
    cart = await carts.open(command_id=command(), customer_id=None)
    await asyncio.gather(*(put(carts, cart, goods[0], 1, add=True) for _ in range(6)))
    seen = await carts.cart(cart.id, customer_id=None)
    assert seen is not None
    assert (seen.units, seen.version) == (6, cart.version + 6)


async def test_a_customer_who_opens_twice_at_once_has_one_cart(carts: CartService) -> None:
    maria = UserId(uuid4())
    both = await asyncio.gather(
        *(carts.open(command_id=command(), customer_id=maria) for _ in range(4))
    )
    assert len({cart.id for cart in both}) == 1


async def test_signing_in_brings_both_carts_together(
    carts: CartService, goods: list[VariantId]
) -> None:
    maria = UserId(uuid4())
    old = await carts.open(command_id=command(), customer_id=maria)
    await put(carts, old, goods[0], 1)
    await put(carts, old, goods[1], 2)
    guests = await carts.open(command_id=command(), customer_id=None)
    await put(carts, guests, goods[1], 3)
    await put(carts, guests, goods[2], 1)
    mine = await carts.claim(command_id=command(), cart_id=guests.id, customer_id=maria)
    assert mine.id == guests.id
    assert {line.variant_id: line.quantity for line in mine.lines} == {
        goods[0]: 1,
        goods[1]: 5,
        goods[2]: 1,
    }
    assert await carts.cart(mine.id, customer_id=None) is None
    assert (await carts.open(command_id=command(), customer_id=maria)).id == mine.id


async def test_a_first_sign_in_keeps_the_guests_cart(carts: CartService) -> None:
    maria = UserId(uuid4())
    guests = await carts.open(command_id=command(), customer_id=None)
    mine = await carts.claim(command_id=command(), cart_id=guests.id, customer_id=maria)
    assert (mine.id, mine.customer_id, mine.status) == (guests.id, maria, "open")


async def test_nobody_claims_anothers_cart(carts: CartService) -> None:
    hers = await carts.open(command_id=command(), customer_id=UserId(uuid4()))
    for cart_id in (hers.id, CartId(uuid4())):
        with pytest.raises(errors.CartNotFound):
            await carts.claim(command_id=command(), cart_id=cart_id, customer_id=UserId(uuid4()))


async def test_claiming_at_once_from_two_devices_leaves_one_open_cart(
    carts: CartService, context: Context
) -> None:
    maria = UserId(uuid4())
    guests = [await carts.open(command_id=command(), customer_id=None) for _ in range(3)]
    await asyncio.gather(
        *(carts.claim(command_id=command(), cart_id=cart.id, customer_id=maria) for cart in guests)
    )
    async with context.database.reading() as connection:
        open_ = await connection.execute(
            text("SELECT 1 FROM cart.carts WHERE customer_id = :id AND status = 'open'"),
            {"id": maria},
        )
        assert len(open_.all()) == 1


async def test_a_cart_has_room_for_so_many_lines(
    carts: CartService, goods: list[VariantId], context: Context
) -> None:
    cart = await carts.open(command_id=command(), customer_id=None)
    async with context.database.work() as uow:
        await uow.connection.execute(
            text(
                "INSERT INTO cart.lines (cart_id, variant_id, quantity)"
                " SELECT :id, gen_random_uuid(), 1 FROM generate_series(1, 200)"
            ),
            {"id": cart.id},
        )
    with pytest.raises(errors.TooManyLines):
        await put(carts, cart, goods[0], 1)


async def test_abandoned_guests_carts_are_forgotten(
    carts: CartService, goods: list[VariantId], context: Context
) -> None:
    guests = await carts.open(command_id=command(), customer_id=None)
    await put(carts, guests, goods[0], 1)
    hers = await carts.open(command_id=command(), customer_id=UserId(uuid4()))
    for days, left in ((29, True), (31, False)):
        async with context.database.work() as uow:
            now = datetime.now(UTC) + timedelta(days=days)
            await service.purge_abandoned(uow, now=now)
        assert bool(await carts.cart(guests.id, customer_id=None)) is left
    assert await carts.cart(hers.id, customer_id=hers.customer_id)

"""The Carts contract: commands once, guests who sign in, many at once."""

import asyncio
from dataclasses import replace
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
from bodega.contracts.cart import (
    CartChange,
    CartView,
    DropCoupon,
    DropLine,
    SaveLine,
    SetLine,
    SetNote,
)
from bodega.kernel.clock import FixedClock
from bodega.kernel.ids import CartId, CommandId, UserId, VariantId
from tests.commerce.people import product, put_in_stock, staff


def command() -> CommandId:
    return CommandId(uuid4())


def at(context: Context, **later: float) -> Context:
    """The shop with its clock put forward."""
    return replace(context, clock=FixedClock(datetime.now(UTC) + timedelta(**later)))


async def abandoned(context: Context) -> list[dict[str, Any]]:
    """Payloads of the events told so far."""
    async with context.database.reading() as connection:
        found = await connection.execute(
            text("SELECT payload FROM backbone.outbox WHERE type = 'cart.cart_abandoned'")
        )
        return [row.payload for row in found]


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


async def change(
    carts: CartService, cart: CartView, made: CartChange, version: int | None = None
) -> CartView:
    return await carts.change(
        command_id=command(),
        cart_id=cart.id,
        customer_id=cart.customer_id,
        change=made,
        version=version,
    )


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


async def test_carts_that_nobody_touches_expire_and_are_forgotten(
    carts: CartService, goods: list[VariantId], context: Context
) -> None:
    guests = await carts.open(command_id=command(), customer_id=None)
    await put(carts, guests, goods[0], 1)
    hers = await carts.open(command_id=command(), customer_id=UserId(uuid4()))
    for days, left in ((29, (True, True)), (31, (False, True)), (181, (False, False))):
        later = at(context, days=days)
        seen = [
            await CartService(later).cart(cart.id, customer_id=cart.customer_id)
            for cart in (guests, hers)
        ]
        assert tuple(map(bool, seen)) == left
        forgotten = await service.purge(later)
        assert forgotten == (0 if days == 29 else 1)


async def test_an_expired_cart_of_a_customer_makes_room_for_a_fresh_one(
    carts: CartService, goods: list[VariantId], context: Context
) -> None:
    maria = UserId(uuid4())
    old = await carts.open(command_id=command(), customer_id=maria)
    await put(carts, old, goods[0], 1)
    later = CartService(at(context, days=181))
    with pytest.raises(errors.CartNotFound):
        await put(later, old, goods[0], 2)
    fresh = await later.open(command_id=command(), customer_id=maria)
    assert fresh.id != old.id
    assert fresh.lines == []


async def test_an_idle_cart_is_abandoned_once_until_somebody_is_back(
    carts: CartService, goods: list[VariantId], context: Context
) -> None:
    maria = UserId(uuid4())
    left = await carts.open(command_id=command(), customer_id=maria)
    await put(carts, left, goods[0], 2)
    await put(carts, left, goods[1], 1)
    empty = await carts.open(command_id=command(), customer_id=None)
    aside = await carts.open(command_id=command(), customer_id=None)
    await put(carts, aside, goods[0], 1)
    await change(carts, aside, SaveLine(variant_id=goods[0], saved=True))
    assert await service.abandon_idle(at(context, minutes=59)) == 0
    assert await service.abandon_idle(at(context, minutes=61)) == 1
    assert await service.abandon_idle(at(context, minutes=62)) == 0
    [event] = await abandoned(context)
    assert event["cart_id"] == str(left.id)
    assert (event["customer_id"], event["units"]) == (str(maria), 3)
    back = CartService(at(context, minutes=70))
    await put(back, left, goods[0], 1)
    assert await service.abandon_idle(at(context, minutes=120)) == 0
    assert await service.abandon_idle(at(context, minutes=131)) == 1
    assert {event["cart_id"] for event in await abandoned(context)} == {str(left.id)}
    assert empty.status == "open"


async def test_two_sweeps_at_once_tell_each_cart_once(
    carts: CartService, goods: list[VariantId], context: Context
) -> None:
    for _ in range(5):
        cart = await carts.open(command_id=command(), customer_id=None)
        await put(carts, cart, goods[0], 1)
    later = at(context, minutes=61)
    counts = await asyncio.gather(*(service.abandon_idle(later) for _ in range(4)))
    assert sum(counts) == len(await abandoned(context)) == 5


async def test_two_tabs_that_set_the_same_line_do_not_overwrite_each_other(
    carts: CartService, goods: list[VariantId]
) -> None:
    cart = await carts.open(command_id=command(), customer_id=None)
    cart = await put(carts, cart, goods[0], 1)
    tries = await asyncio.gather(
        *(
            change(carts, cart, SetLine(variant_id=goods[0], quantity=units), version=cart.version)
            for units in (2, 3, 4)
        ),
        return_exceptions=True,
    )
    went = [view for view in tries if isinstance(view, CartView)]
    late = [error for error in tries if isinstance(error, errors.CartMoved)]
    assert (len(went), len(late)) == (1, 2)
    seen = await carts.cart(cart.id, customer_id=None)
    assert seen is not None
    assert (seen.units, seen.version) == (went[0].units, cart.version + 1)


async def test_a_change_that_changes_nothing_is_no_new_version(
    carts: CartService, goods: list[VariantId]
) -> None:
    cart = await carts.open(command_id=command(), customer_id=None)
    cart = await put(carts, cart, goods[0], 1)
    for same in (
        SetLine(variant_id=goods[0], quantity=1),
        SaveLine(variant_id=goods[0], saved=False),
        SetNote(note=""),
        DropCoupon(code="NONE"),
        DropLine(variant_id=goods[1]),
    ):
        assert (await change(carts, cart, same)).version == cart.version


async def test_lines_keep_their_order_when_they_change(
    carts: CartService, goods: list[VariantId]
) -> None:
    cart = await carts.open(command_id=command(), customer_id=None)
    for variant_id in goods:
        await put(carts, cart, variant_id, 1)
    await put(carts, cart, goods[0], 4)
    await change(carts, cart, SaveLine(variant_id=goods[1], saved=True))
    back = await change(carts, cart, SaveLine(variant_id=goods[1], saved=False))
    assert [line.variant_id for line in back.lines] == goods


async def test_signing_in_takes_notes_and_things_put_aside_along(
    carts: CartService, goods: list[VariantId]
) -> None:
    maria = UserId(uuid4())
    old = await carts.open(command_id=command(), customer_id=maria)
    await put(carts, old, goods[0], 1)
    await change(carts, old, SaveLine(variant_id=goods[0], saved=True))
    await change(carts, old, SetNote(note="Ring twice"))
    guests = await carts.open(command_id=command(), customer_id=None)
    await put(carts, guests, goods[1], 1)
    mine = await carts.claim(command_id=command(), cart_id=guests.id, customer_id=maria)
    assert [line.variant_id for line in mine.lines] == [goods[1]]
    assert [line.variant_id for line in mine.saved] == [goods[0]]
    assert mine.note == "Ring twice"
    seen = await carts.cart(old.id, customer_id=maria)
    assert seen is not None
    assert (seen.status, seen.next_cart_id) == ("merged", mine.id)

"""How carts end: ordered, abandoned, forgotten."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.commerce.cart import repository
from bodega.commerce.cart.domain import Basket, Line, left_over
from bodega.commerce.cart.service.shelves import Shelves
from bodega.contracts.checkout import CartCheckout
from bodega.contracts.orders import Orders
from bodega.kernel.ids import CartId, OrderId, VariantId, new_id

SWEPT_AT_ONCE = 500


async def close_ordered(
    context: Context,
    uow: UnitOfWork,
    *,
    cart_id: CartId,
    order_id: OrderId,
    units: Mapping[VariantId, int] | None = None,
) -> None:
    """An ordered cart takes no more changes. What came into it while the order was being placed,
    and what was put aside, goes on in a new cart. The order is asked for its `units` where nobody
    says them."""
    shelves = Shelves(context)
    basket = await _followed(uow, shelves, cart_id)
    if basket is None or basket.status != "open":
        return
    rest = left_over(basket, units or await _units(context, order_id))
    if basket.id != cart_id:  # merged meanwhile: only what was ordered goes
        after = basket._replace(lines=rest)
        repository.save(uow.connection, basket, after, now=shelves.now())
    else:
        await _close(uow, shelves, basket, rest)


async def catch_up(shelves: Shelves, cart_id: CartId) -> CartCheckout | None:
    """The cart's checkout, if it has one; where that has placed its order, the cart is closed from
    now on: the event that says so may still be on its way."""
    fate = await shelves.checkout_of(cart_id)
    if fate is not None and fate.order_id is not None:
        async with shelves.context.database.work(actor="system") as uow:
            await close_ordered(shelves.context, uow, cart_id=cart_id, order_id=fate.order_id)
    return fate


async def _followed(uow: UnitOfWork, shelves: Shelves, cart_id: CartId) -> Basket | None:
    """The cart, or the one it was merged into."""
    asked: CartId | None = cart_id
    basket = None
    while asked is not None:
        basket = await repository.find_basket(
            uow.connection, asked, limits=shelves.limits, lock=True
        )
        asked = basket.next_cart_id if basket and basket.status == "merged" else None
    return basket


async def _units(context: Context, order_id: OrderId) -> Mapping[VariantId, int]:
    order = await context.container.get(Orders).order(order_id)
    if order is None:
        raise LookupError(f"order {order_id} is not there yet")
    units: Counter[VariantId] = Counter()
    for line in order.lines:
        if line.variant_id is not None:
            units[line.variant_id] += line.quantity
    return units


async def _close(uow: UnitOfWork, shelves: Shelves, basket: Basket, rest: list[Line]) -> None:
    now = shelves.now()
    fresh = CartId(new_id()) if rest else None
    repository.close(uow.connection, basket.id, status="ordered", next_cart_id=fresh, now=now)
    if fresh is not None:
        await repository.open_cart(
            uow.connection, fresh_id=fresh, customer_id=basket.customer_id, now=now
        )
        repository.put_lines(uow.connection, fresh, rest)


async def abandon_idle(context: Context) -> int:
    """Say once of each cart with something in it that nobody comes back to it; how many."""
    shelves, idle = Shelves(context), context.settings.cart_abandoned_minutes
    async with context.database.work(actor="job:cart.abandon") as uow:
        now = shelves.now()
        found = await repository.mark_abandoned(
            uow.connection, before=now - timedelta(minutes=idle), now=now, most=SWEPT_AT_ONCE
        )
        for event in found:
            uow.emit(event)
    return len(found)


async def purge(context: Context) -> int:
    """Forget carts whose life is over; how many."""
    shelves = Shelves(context)
    now, limits = shelves.now(), shelves.limits
    async with context.database.work(actor="job:cart.purge") as uow:
        return await repository.delete_forgotten(
            uow.connection, guests=now - limits.guest_life, customers=now - limits.customer_life
        )

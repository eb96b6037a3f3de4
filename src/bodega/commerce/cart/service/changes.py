"""Opening a cart, changing it, and taking it along when its guest signs in."""

from collections.abc import Iterable

from bodega.backbone.db import UnitOfWork
from bodega.commerce.cart import repository
from bodega.commerce.cart.domain import (
    Basket,
    Guard,
    changed,
    check_guard,
    check_open,
    check_reader,
    fitting,
    merged,
    overwrites,
)
from bodega.commerce.cart.service.endings import catch_up, close_ordered
from bodega.commerce.cart.service.shelves import Shelves, coupon_code
from bodega.contracts.cart import (
    Acknowledge,
    AddCoupon,
    CartChange,
    CartView,
    DropCoupon,
    DropLine,
    SaveLine,
    SetLine,
)
from bodega.kernel.ids import CartId, UserId, VariantId, new_id

_OVERWRITE = Guard()


async def open_cart(uow: UnitOfWork, shelves: Shelves, *, customer_id: UserId | None) -> CartView:
    """A new cart, or the customer's open one; one that has expired is forgotten, and one that was
    ordered makes room for the next."""
    basket = await _opened(uow, shelves, customer_id)
    return await shelves.view(basket)


async def _opened(uow: UnitOfWork, shelves: Shelves, customer_id: UserId | None) -> Basket:
    now = shelves.now()
    if customer_id is not None:
        before = now - shelves.limits.customer_life
        await repository.delete_expired(uow.connection, customer_id, before=before)
    cart_id = await repository.open_cart(
        uow.connection, fresh_id=new_id(), customer_id=customer_id, now=now
    )
    basket = await lock(uow, shelves, cart_id=cart_id, customer_id=customer_id)
    fate = await shelves.checkout_of(cart_id) if basket.lines else None
    if fate is None or fate.order_id is None:
        return basket
    await close_ordered(shelves.context, uow, cart_id=cart_id, order_id=fate.order_id)
    return await _opened(uow, shelves, customer_id)


async def change(
    uow: UnitOfWork,
    shelves: Shelves,
    *,
    cart_id: CartId,
    customer_id: UserId | None,
    change: CartChange,
    guard: Guard = _OVERWRITE,
    client: str | None = None,
) -> CartView:
    """One change to an open cart. Raises CartNotFound, CartClosed, CartMoved, IfMatchMissing,
    CouponTriesExceeded, and what `changed` raises."""
    await catch_up(shelves, cart_id)
    before = await lock(uow, shelves, cart_id=cart_id, customer_id=customer_id)
    check_open(before)
    attempt = None
    if isinstance(change, AddCoupon):
        attempt = await shelves.count_try(cart_id, client)
    if isinstance(change, AddCoupon | DropCoupon):
        change = change.model_copy(update={"code": coupon_code(change.code)})
    check_guard(before, guard, overwrites=overwrites(before, change))
    known = await shelves.known(_concerned(before, change))
    after = changed(before, change, known, shelves.limits)
    if isinstance(change, AddCoupon):
        await shelves.check_coupon(before, known, change.code)
    if attempt is not None:
        await attempt.right()
    if after != before or isinstance(change, Acknowledge):
        after = await _saved(uow, shelves, before, after)
    return await shelves.view(after, known)


def _concerned(basket: Basket, change: CartChange) -> Iterable[VariantId]:
    """The variants in the basket, and the one that is changed."""
    found = dict.fromkeys(line.variant_id for line in basket.lines)
    if isinstance(change, SetLine | SaveLine | DropLine):
        found[change.variant_id] = None
    return found


async def claim(
    uow: UnitOfWork, shelves: Shelves, *, cart_id: CartId, customer_id: UserId
) -> CartView:
    """Give a guest's cart to a customer; what the customer's open cart held moves into it. A cart
    that is closed stays as it is, and the customer's open one is answered."""
    await catch_up(shelves, cart_id)
    guests = await lock(uow, shelves, cart_id=cart_id, customer_id=customer_id)
    if guests.customer_id is not None or guests.status != "open":
        return await open_cart(uow, shelves, customer_id=customer_id)
    # Opening locks the customer's own cart, so that two sign-ins at once wait for each other.
    own = await _opened(uow, shelves, customer_id)
    repository.close(
        uow.connection, own.id, status="merged", next_cart_id=cart_id, now=shelves.now()
    )
    known = await shelves.known([line.variant_id for line in [*guests.lines, *own.lines]])
    both = merged(guests, own, fit=fitting(known, shelves.limits))
    both = both._replace(customer_id=customer_id)
    return await shelves.view(await _saved(uow, shelves, guests, both), known)


async def _saved(uow: UnitOfWork, shelves: Shelves, before: Basket, after: Basket) -> Basket:
    """The basket as it now stands, its life begun anew."""
    now = shelves.now()
    saved = repository.save(uow.connection, before, after, now=now)
    return saved._replace(expires_at=now + shelves.limits.life(saved.customer_id))


async def lock(
    uow: UnitOfWork, shelves: Shelves, *, cart_id: CartId, customer_id: UserId | None
) -> Basket:
    """The basket, held until the transaction ends. Raises CartNotFound."""
    found = await repository.find_basket(uow.connection, cart_id, limits=shelves.limits, lock=True)
    return check_reader(found, customer_id, now=shelves.now())

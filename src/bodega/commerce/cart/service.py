"""Use cases of the cart."""

from datetime import datetime, timedelta

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.commerce.cart import repository
from bodega.commerce.cart.domain import (
    Basket,
    Line,
    check_currency,
    check_open,
    check_quantity,
    check_reader,
    merged,
    priced,
)
from bodega.commerce.cart.errors import CartNotFound, NotForSale
from bodega.contracts.cart import CartView
from bodega.contracts.catalog import Catalog
from bodega.contracts.inventory import Inventory
from bodega.kernel.ids import CartId, CommandId, UserId, VariantId, new_id


class Shelves:
    """What others know of the things in a cart: prices from the catalogue, stock from inventory."""

    def __init__(self, context: Context) -> None:
        self._container = context.container
        self._currency = context.settings.currency
        self.max_units = context.settings.cart_max_units

    async def check(self, basket: Basket, variant_id: VariantId) -> None:
        """Raises NotForSale, CurrencyMixed."""
        wanted = {variant_id, *(line.variant_id for line in basket.lines)}
        known = await self._container.get(Catalog).sellable(list(wanted))
        if variant_id not in known or not known[variant_id].active:
            raise NotForSale
        check_currency(known)

    async def price(self, basket: Basket) -> CartView:
        """The cart with today's prices and stock."""
        wanted = [line.variant_id for line in basket.lines]
        if not wanted:
            return priced(basket, {}, {}, currency=self._currency)
        known = await self._container.get(Catalog).sellable(wanted)
        stock = await self._container.get(Inventory).available(wanted)
        return priced(basket, known, stock, currency=self._currency)


async def open_cart(uow: UnitOfWork, shelves: Shelves, *, customer_id: UserId | None) -> CartView:
    """A new cart, or the customer's open one."""
    cart_id = await repository.open_cart(uow.connection, fresh_id=new_id(), customer_id=customer_id)
    return await _view(uow, shelves, cart_id)


async def set_line(
    uow: UnitOfWork,
    shelves: Shelves,
    *,
    cart_id: CartId,
    customer_id: UserId | None,
    line: Line,
    add: bool = False,
    if_match: str | None = None,
) -> CartView:
    """Set (or with `add` raise) a line's quantity; 0 removes it. Raises CartNotFound, CartClosed,
    CartMoved, NotForSale, TooManyUnits, TooManyLines, CurrencyMixed."""
    basket = await _lock(uow, cart_id, customer_id)
    check_open(basket, if_match)
    before = basket.quantity(line.variant_id)
    after = line.quantity + (before if add else 0)
    check_quantity(basket, line.variant_id, after, max_units=shelves.max_units)
    if after:
        await shelves.check(basket, line.variant_id)
    if after != before:
        await repository.put_line(uow.connection, cart_id, Line(line.variant_id, after))
        await repository.touch(uow.connection, cart_id)
    return await _view(uow, shelves, cart_id)


async def claim(
    uow: UnitOfWork, shelves: Shelves, *, cart_id: CartId, customer_id: UserId
) -> CartView:
    """Give a guest's cart to a customer; what the customer's open cart held moves into it. A cart
    that is closed stays as it is, and the customer's open one is answered."""
    basket = await _lock(uow, cart_id, customer_id)
    if basket.customer_id is not None or basket.status != "open":
        return await open_cart(uow, shelves, customer_id=customer_id)
    old_id = await repository.open_cart(
        uow.connection, fresh_id=new_id(), customer_id=customer_id
    )  # locks it, so that two sign-ins at once wait for each other
    old = await repository.find_basket(uow.connection, old_id)
    if old is not None:
        both = merged(basket, old, max_units=shelves.max_units)
        await repository.put_lines(uow.connection, cart_id, both)
    await repository.close_merged(uow.connection, old_id)
    await repository.give(uow.connection, cart_id, customer_id)
    await repository.touch(uow.connection, cart_id)
    return await _view(uow, shelves, cart_id)


async def close_ordered(uow: UnitOfWork, *, cart_id: CartId) -> None:
    """An ordered cart takes no more changes; the customer's next one is new."""
    await repository.close_ordered(uow.connection, cart_id)


async def purge_abandoned(uow: UnitOfWork, *, now: datetime) -> None:
    """Forget guests' carts that nobody touched for a month."""
    await repository.delete_abandoned(uow.connection, now - timedelta(days=30))


async def _lock(uow: UnitOfWork, cart_id: CartId, customer_id: UserId | None) -> Basket:
    basket = await repository.find_basket(uow.connection, cart_id, lock=True)
    return check_reader(basket, customer_id)


async def _view(uow: UnitOfWork, shelves: Shelves, cart_id: CartId) -> CartView:
    basket = await repository.find_basket(uow.connection, cart_id)
    if basket is None:
        raise CartNotFound
    return await shelves.price(basket)


class CartService:
    """Answers `bodega.contracts.cart.Carts`."""

    def __init__(self, context: Context) -> None:
        self._database = context.database
        self._shelves = Shelves(context)

    async def cart(self, cart_id: CartId, *, customer_id: UserId | None) -> CartView | None:
        async with self._database.reading() as connection:
            basket = await repository.find_basket(connection, cart_id)
        try:
            return await self._shelves.price(check_reader(basket, customer_id))
        except CartNotFound:
            return None

    async def open(self, *, command_id: CommandId, customer_id: UserId | None) -> CartView:
        async with self._database.work() as uow:
            return await uow.once(
                command_id,
                "cart.open",
                CartView,
                lambda: open_cart(uow, self._shelves, customer_id=customer_id),
            )

    async def set_line(
        self,
        *,
        command_id: CommandId,
        cart_id: CartId,
        customer_id: UserId | None,
        variant_id: VariantId,
        quantity: int,
        add: bool = False,
    ) -> CartView:
        line = Line(variant_id, quantity)
        async with self._database.work() as uow:
            return await uow.once(
                command_id,
                "cart.set_line",
                CartView,
                lambda: set_line(
                    uow,
                    self._shelves,
                    cart_id=cart_id,
                    customer_id=customer_id,
                    line=line,
                    add=add,
                ),
            )

    async def claim(
        self, *, command_id: CommandId, cart_id: CartId, customer_id: UserId
    ) -> CartView:
        async with self._database.work() as uow:
            return await uow.once(
                command_id,
                "cart.claim",
                CartView,
                lambda: claim(uow, self._shelves, cart_id=cart_id, customer_id=customer_id),
            )

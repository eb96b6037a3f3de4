"""The cart's answers to other modules and to the shop's pages."""

from bodega.backbone.module import Context
from bodega.commerce.cart import repository
from bodega.commerce.cart.domain import Basket, Guard, check_reader, etag
from bodega.commerce.cart.errors import CartNotFound
from bodega.commerce.cart.service.changes import change as change_cart
from bodega.commerce.cart.service.changes import claim as claim_cart
from bodega.commerce.cart.service.changes import open_cart
from bodega.commerce.cart.service.endings import catch_up
from bodega.commerce.cart.service.shelves import Destination, Shelves
from bodega.contracts.cart import CartChange, CartQuote, CartView, SetLine
from bodega.kernel.ids import CartId, CommandId, ShippingMethodId, UserId, VariantId


class CartService:
    """Answers `bodega.contracts.cart.Carts`."""

    def __init__(self, context: Context) -> None:
        self._database = context.database
        self._shelves = Shelves(context)

    async def cart(
        self, cart_id: CartId, *, customer_id: UserId | None, quoted: bool = True
    ) -> CartView | None:
        basket = await self._found(cart_id, customer_id)
        if basket is None:
            return None
        fate = None
        if quoted and basket.status == "open" and basket.lines:
            fate = await catch_up(self._shelves, cart_id)
            if fate is not None and fate.order_id is not None:
                basket = await self._found(cart_id, customer_id)
                assert basket is not None
        shown = self._shelves.view if quoted else self._shelves.unquoted
        view = await shown(basket)
        under_way = fate is not None and fate.order_id is None
        return view.model_copy(update={"checkout_id": fate.id}) if fate and under_way else view

    async def quote(
        self,
        cart_id: CartId,
        *,
        customer_id: UserId | None,
        country: str | None = None,
        region: str = "",
        postal_code: str = "",
        shipping_method_id: ShippingMethodId | None = None,
    ) -> CartQuote | None:
        basket = await self._found(cart_id, customer_id)
        if basket is None:
            return None
        there = Destination(country, region, postal_code)
        return await self._shelves.quote(
            basket, there, customer_id=customer_id, method_id=shipping_method_id
        )

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
        return await self.change(
            command_id=command_id,
            cart_id=cart_id,
            customer_id=customer_id,
            change=SetLine(variant_id=variant_id, quantity=quantity, add=add),
        )

    async def change(
        self,
        *,
        command_id: CommandId,
        cart_id: CartId,
        customer_id: UserId | None,
        change: CartChange,
        version: int | None = None,
        client: str | None = None,
    ) -> CartView:
        guard = Guard(etag(version) if version is not None else None)
        async with self._database.work() as uow:
            return await uow.once(
                command_id,
                f"cart.{change.kind}",
                CartView,
                lambda: change_cart(
                    uow,
                    self._shelves,
                    cart_id=cart_id,
                    customer_id=customer_id,
                    change=change,
                    guard=guard,
                    client=client,
                ),
                at_once=True,
            )

    async def claim(
        self, *, command_id: CommandId, cart_id: CartId, customer_id: UserId
    ) -> CartView:
        async with self._database.work() as uow:
            return await uow.once(
                command_id,
                "cart.claim",
                CartView,
                lambda: claim_cart(uow, self._shelves, cart_id=cart_id, customer_id=customer_id),
            )

    async def _found(self, cart_id: CartId, customer_id: UserId | None) -> Basket | None:
        async with self._database.reading() as connection:
            basket = await repository.find_basket(connection, cart_id, limits=self._shelves.limits)
        try:
            return check_reader(basket, customer_id, now=self._shelves.now())
        except CartNotFound:
            return None

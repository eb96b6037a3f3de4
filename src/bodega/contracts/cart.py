"""Baskets before they are orders."""

from typing import Protocol

from pydantic import BaseModel

from bodega.kernel.ids import CartId, CommandId, ProductId, UserId, VariantId
from bodega.kernel.money import Money
from bodega.kernel.quantity import Quantity


class CartLine(BaseModel):
    variant_id: VariantId
    product_id: ProductId
    slug: str
    sku: str
    title: str
    quantity: Quantity
    unit_price: Money
    total: Money
    available: bool


class CartView(BaseModel):
    """A cart with today's prices; `version` is its ETag."""

    id: CartId
    customer_id: UserId | None
    status: str
    currency: str
    version: int
    lines: list[CartLine]
    total: Money
    units: int


class Carts(Protocol):
    """A guest's cart is known to whoever knows its id; a customer's only to that customer."""

    async def cart(self, cart_id: CartId, *, customer_id: UserId | None) -> CartView | None:
        """The cart, priced now; None when unknown or somebody else's."""

    async def open(self, *, command_id: CommandId, customer_id: UserId | None) -> CartView:
        """A new cart, or the customer's open one."""

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
        """Set (or with `add` raise) a line's quantity; 0 removes it. Raises `NotFound`,
        `Rejected` for an unknown or inactive variant or too many units, `Conflict` once ordered."""

    async def claim(
        self, *, command_id: CommandId, cart_id: CartId, customer_id: UserId
    ) -> CartView:
        """Give a guest's cart to the customer who just signed in; what the customer's open cart
        held moves into it. For a cart that is not a guest's open one, the customer's open cart.
        Raises `NotFound` for somebody else's."""

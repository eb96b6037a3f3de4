"""Baskets before they are orders."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bodega.kernel.address import CountryCode
from bodega.kernel.events import Event
from bodega.kernel.ids import (
    CartId,
    CheckoutId,
    CommandId,
    ProductId,
    ShippingMethodId,
    UserId,
    VariantId,
)
from bodega.kernel.money import Money
from bodega.kernel.quantity import MAX_QUANTITY, PurchaseLimit, Quantity

MAX_NOTE = 500
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_NOTE)]
NoticeKind = Literal[
    "price_raised",
    "price_lowered",
    "few_left",
    "not_enough",
    "purchase_limit",
    "sold_out",
    "not_for_sale",
    "wrong_quantity",
    "other_currency",
]
CartProblem = Literal["lines_unavailable", "below_minimum", "above_maximum", "too_many_units"]


class LineNotice(BaseModel):
    """What is different from when the buyer last touched or acknowledged the line. A price notice
    has `was` and `now` (a unit's price); a stock notice and `purchase_limit` (more than this
    customer may still buy) have `left`."""

    kind: NoticeKind
    was: Money | None = None
    now: Money | None = None
    left: int | None = None


class CartLine(BaseModel):
    """`total` is unit price × quantity, `discount` what promotions take off it. `available` says
    whether the line could be bought now. A valid quantity is `min_quantity` plus a multiple of
    `quantity_step`, at most `max_quantity`."""

    variant_id: VariantId
    product_id: ProductId
    slug: str
    sku: str
    title: str
    quantity: Quantity
    unit_price: Money
    total: Money
    available: bool
    discount: Money | None = None
    notices: list[LineNotice] = []
    min_quantity: int = 1
    max_quantity: int = MAX_QUANTITY
    quantity_step: int = 1
    purchase_limit: PurchaseLimit | None = None
    category: str | None = None
    tax_class: str = "standard"
    weight_grams: int = 0


class CartPromotion(BaseModel):
    title: str
    coupon: str | None = None
    amount: Money


class CartCoupon(BaseModel):
    """`refusal` says why the code takes nothing off now: None when it applies."""

    code: str
    refusal: str | None = None


class CartShipping(BaseModel):
    """A way to send the cart, at its price before promotions; days are working days."""

    method_id: ShippingMethodId
    name: str
    price: Money
    min_days: int
    max_days: int


class CartQuote(BaseModel):
    """What the cart costs when it goes to `country` by `shipping_method_id`.

    `total` is `subtotal` − `discount` + `shipping`, plus `tax` unless it is included. `shipping` is
    None when nothing goes there."""

    country: CountryCode
    subtotal: Money
    discount: Money
    shipping: Money | None
    tax: Money
    tax_included: bool
    total: Money
    promotions: list[CartPromotion] = []
    coupons: list[CartCoupon] = []
    shipping_method_id: ShippingMethodId | None = None
    shipping_options: list[CartShipping] = []


class CartView(BaseModel):
    """A cart with today's prices; `version` is its ETag. `total` is the goods' price before
    promotions, shipping and added tax; `quote` is the whole, with shipping estimated for the shop's
    country, and None for an empty cart or while prices cannot be asked. A cart with `problems`
    cannot be checked out. `next_cart_id` is where an ordered or merged cart's remains went;
    `checkout_id` is the checkout that is under way: what comes into the cart now stays for the next
    order."""

    id: CartId
    customer_id: UserId | None
    status: str
    currency: str
    version: int
    lines: list[CartLine]
    total: Money
    units: int
    saved: list[CartLine] = []
    note: str = ""
    coupons: list[str] = []
    quote: CartQuote | None = None
    problems: list[CartProblem] = []
    checkout_id: CheckoutId | None = None
    expires_at: datetime | None = None
    next_cart_id: CartId | None = None


class _Change(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SetLine(_Change):
    """Set (or with `add` raise) a line's quantity; 0 removes it. A saved line comes back into the
    cart."""

    kind: Literal["set_line"] = "set_line"
    variant_id: VariantId
    quantity: int
    add: bool = False


class SaveLine(_Change):
    """Put a line aside for later, or (with `saved` false) back into the cart."""

    kind: Literal["save_line"] = "save_line"
    variant_id: VariantId
    saved: bool


class DropLine(_Change):
    """Remove a line, put aside or not."""

    kind: Literal["drop_line"] = "drop_line"
    variant_id: VariantId


class SetNote(_Change):
    """What the buyer wants to tell the shop; personal data."""

    kind: Literal["set_note"] = "set_note"
    note: Note


class AddCoupon(_Change):
    kind: Literal["add_coupon"] = "add_coupon"
    code: str


class DropCoupon(_Change):
    kind: Literal["drop_coupon"] = "drop_coupon"
    code: str


class Acknowledge(_Change):
    """The buyer has seen today's prices: notices of changed prices go."""

    kind: Literal["acknowledge"] = "acknowledge"


CartChange = Annotated[
    SetLine | SaveLine | DropLine | SetNote | AddCoupon | DropCoupon | Acknowledge,
    Field(discriminator="kind"),
]


class CartAbandoned(Event):
    """Nobody touched a cart with something in it for a while; once until it is touched again."""

    type: ClassVar[str] = "cart.cart_abandoned"
    cart_id: CartId
    customer_id: UserId | None
    units: int
    idle_since: datetime

    @property
    def key(self) -> CartId:
        return self.cart_id


class Carts(Protocol):
    """A guest's cart is known to whoever knows its id; a customer's only to that customer."""

    async def cart(
        self, cart_id: CartId, *, customer_id: UserId | None, quoted: bool = True
    ) -> CartView | None:
        """The cart, priced now; None when unknown, expired or somebody else's. Without a quote it
        asks neither stock, promotions, shipping nor checkout."""

    async def quote(
        self,
        cart_id: CartId,
        *,
        customer_id: UserId | None,
        country: CountryCode | None = None,
        region: str = "",
        postal_code: str = "",
        shipping_method_id: ShippingMethodId | None = None,
    ) -> CartQuote | None:
        """What it costs to have it sent there; the cheapest way when none is chosen or the chosen
        one does not go there. None for an unknown or empty cart. Raises `Unavailable`."""

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
        """`change` by a `SetLine`."""

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
        """One change. With `version`, `Stale` when the cart has another one by now. `client` is the
        address it comes from, by which wrong codes are counted. Raises `NotFound`, `Rejected` for
        an unknown or inactive variant, a quantity or coupon that cannot be, `Conflict` once
        ordered, `TooMany` after too many wrong codes."""

    async def claim(
        self, *, command_id: CommandId, cart_id: CartId, customer_id: UserId
    ) -> CartView:
        """Give a guest's cart to the customer who just signed in; what the customer's open cart
        held moves into it. For a cart that is not a guest's open one, the customer's open cart.
        Raises `NotFound` for somebody else's."""

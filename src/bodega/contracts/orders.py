"""Orders, their lines, and what came back."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Literal, Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

from bodega.kernel.address import Address, CountryCode
from bodega.kernel.events import Event
from bodega.kernel.ids import (
    CartId,
    CheckoutId,
    CommandId,
    ImportBatchId,
    OrderId,
    OrderLineId,
    ProductId,
    ReturnId,
    ShippingMethodId,
    UserId,
    VariantId,
)
from bodega.kernel.money import Money
from bodega.kernel.page import Page, PageRequest

OrderStatus = Literal[
    "pending",
    "paid",
    "allocated",
    "partially_fulfilled",
    "fulfilled",
    "partially_delivered",
    "delivered",
    "partially_returned",
    "returned",
    "cancelled",
]
LineKind = Literal["product", "shipping", "fee", "discount", "adjustment"]


class OrderLine(BaseModel):
    """`total` is what the buyer pays for the line and authoritative: unit price × quantity less
    `discount`, plus `tax` unless it is included; a unit price may have been rounded on import.
    A line of a placed order has an `id`, and says how many of its units were sent, arrived, came
    back, and were cancelled before they were sent."""

    model_config = ConfigDict(frozen=True)

    kind: LineKind = "product"
    product_id: ProductId | None
    variant_id: VariantId | None
    sku: str
    title: str
    quantity: int
    unit_price: Money
    total: Money
    discount: Money | None = None
    tax: Money | None = None
    tax_rate: Decimal = Decimal(0)
    tax_included: bool = True
    id: OrderLineId | None = None
    fulfilled: int = 0
    delivered: int = 0
    returned: int = 0
    cancelled: int = 0

    @property
    def unsent(self) -> int:
        """Units that are still to be sent."""
        return self.quantity - self.fulfilled - self.cancelled


class OrderView(BaseModel):
    """An order; `email`, the addresses and `note` are personal data: for its customer and staff.
    `tax` is part of `total`; `refunded` is what went back to the buyer so far."""

    id: OrderId
    number: int
    status: OrderStatus
    customer_id: UserId | None
    email: str | None
    shipping_address: Address | None
    country: CountryCode | None
    placed_at: datetime
    lines: list[OrderLine]
    subtotal: Money
    total: Money
    checkout_id: CheckoutId | None = None
    billing_address: Address | None = None
    shipping_method_id: ShippingMethodId | None = None
    shipping_method: str | None = None
    coupons: list[str] = []
    note: str | None = None
    discount: Money | None = None
    tax: Money | None = None
    refunded: Money | None = None


class OrderPass(BaseModel):
    """Opens one guest's order, until it expires. A secret."""

    token: str
    expires_at: datetime


class OrderChange(BaseModel):
    """One entry of an order's history: what happened, when, by whom and why. `before` and `after`
    are the statuses where it changed."""

    at: datetime
    kind: str
    before: OrderStatus | None
    after: OrderStatus | None
    actor: str
    reason: str | None
    reference: UUID | None


class OrderSearch(BaseModel):
    """What staff look for. `q` is an order number, an e-mail address or a SKU; `since` and `until`
    are days in UTC, both included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    q: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] | None = None
    number: int | None = None
    email: Annotated[str, StringConstraints(strip_whitespace=True, max_length=254)] | None = None
    sku: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] | None = None
    status: OrderStatus | None = None
    since: date | None = None
    until: date | None = None


class PlaceOrder(BaseModel):
    """What checkout asks of orders."""

    model_config = ConfigDict(frozen=True)

    checkout_id: CheckoutId
    cart_id: CartId
    customer_id: UserId | None
    email: str
    shipping_address: Address
    lines: list[OrderLine]
    total: Money
    billing_address: Address | None = None
    shipping_method_id: ShippingMethodId | None = None
    shipping_method: str | None = None
    coupons: list[str] = []
    note: str | None = None


class PlacedOrder(BaseModel):
    order_id: OrderId
    number: int


class ImportedOrder(BaseModel):
    """An order of another system, paid and done long ago."""

    model_config = ConfigDict(frozen=True)

    id: OrderId
    source_key: str
    customer_id: UserId | None
    country: CountryCode | None
    placed_at: datetime
    currency: str
    lines: list[OrderLine]


class ImportedReturn(BaseModel):
    """Units and money that went back; `lines` carry positive quantities and totals."""

    model_config = ConfigDict(frozen=True)

    id: ReturnId
    source_key: str
    order_id: OrderId | None
    customer_id: UserId | None
    country: CountryCode | None
    reason: str
    returned_at: datetime
    currency: str
    lines: list[OrderLine]


class BoughtUnits(BaseModel):
    """Units of a variant that a buyer has and keeps, by the checkout they came through: 0 of an
    order that was cancelled."""

    model_config = ConfigDict(frozen=True)

    variant_id: VariantId
    checkout_id: CheckoutId | None
    units: int


class SoldLine(BaseModel):
    model_config = ConfigDict(frozen=True)

    product_id: ProductId | None
    variant_id: VariantId | None
    quantity: int
    total: Money


class OrderPlaced(Event):
    """`tax` is part of `total`, as both were when the order was placed."""

    type: ClassVar[str] = "orders.order_placed"
    order_id: OrderId
    number: int
    checkout_id: CheckoutId
    cart_id: CartId
    customer_id: UserId | None
    lines: list[SoldLine]
    total: Money
    tax: Money | None = None

    @property
    def key(self) -> OrderId:
        return self.order_id


class OrderPaid(Event):
    type: ClassVar[str] = "orders.order_paid"
    order_id: OrderId
    amount: Money

    @property
    def key(self) -> OrderId:
        return self.order_id


class OrderCancelled(Event):
    """`credited_tax` is the tax on the credit note, where there had been an invoice."""

    type: ClassVar[str] = "orders.order_cancelled"
    order_id: OrderId
    checkout_id: CheckoutId
    reason: str
    credited_tax: Money | None = None

    @property
    def key(self) -> OrderId:
        return self.order_id


class OrdersImported(Event):
    type: ClassVar[str] = "orders.import_completed"
    import_batch_id: ImportBatchId
    source: str
    rows: int

    @property
    def key(self) -> ImportBatchId:
        return self.import_batch_id


class Orders(Protocol):
    """Order numbers run without gaps. `place` and `cancel` are steps of the checkout saga."""

    async def place(self, *, command_id: CommandId, request: PlaceOrder) -> PlacedOrder:
        """Idempotent by `request.checkout_id`."""

    async def cancel(self, *, command_id: CommandId, checkout_id: CheckoutId, reason: str) -> None:
        """Undo `place`; an order that was never placed is no error."""

    async def order(self, order_id: OrderId) -> OrderView | None: ...

    async def history(self, order_id: OrderId) -> list[OrderChange]:
        """Everything that happened to the order, oldest first."""

    async def by_checkout(self, checkout_id: CheckoutId) -> OrderView | None: ...

    async def look_up(self, *, number: int, email: str, address: str) -> OrderView | None:
        """A guest's order, for whoever knows its number and e-mail; customers sign in for theirs.
        Raises `TooMany` after repeated tries from `address`, or for the number."""

    async def issue_pass(self, order_id: OrderId) -> OrderPass:
        """For the buyer's eyes only: whoever holds it is taken for the guest who bought."""

    async def open_pass(self, token: str) -> OrderView | None:
        """The guest's order it was issued for; None for a forged one, one whose time is over, and
        for an order that belongs to a customer."""

    async def of_customer(self, customer_id: UserId, page: PageRequest) -> Page[OrderView]:
        """Newest first."""

    async def latest(
        self, page: PageRequest, *, status: OrderStatus | None = None
    ) -> Page[OrderView]:
        """Everybody's orders, newest first, for staff."""

    async def search(self, page: PageRequest, search: OrderSearch) -> Page[OrderView]:
        """Whatever matches all that is asked, newest first."""

    def export(
        self, search: OrderSearch, *, format: Literal["csv", "ndjson"]
    ) -> AsyncIterator[str]:
        """The same, oldest first and all of it, piece by piece."""

    async def bought(self, *, customer_id: UserId, product_id: ProductId) -> bool:
        """Whether the customer has a live order with the product."""

    async def bought_units(
        self,
        *,
        customer_id: UserId | None,
        email: str | None,
        since: Mapping[VariantId, datetime | None],
    ) -> list[BoughtUnits]:
        """What the customer, or whoever gave that e-mail, ordered of each variant of `since` from
        that instant on, without what came back."""

    async def bulk_load(
        self,
        orders: Sequence[ImportedOrder],
        returns: Sequence[ImportedReturn],
        *,
        source: str,
        import_batch_id: ImportBatchId,
    ) -> int:
        """COPY orders and returns in, idempotent by (source, source_key); emits no event per row.
        The number of new orders and returns."""

"""What many read: orders and their history, customers, stock; kept by handlers, a moment behind."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from pydantic import BaseModel

from bodega.kernel.ids import CheckoutId, OrderId, UserId, VariantId
from bodega.kernel.money import Money
from bodega.kernel.page import Page, PageRequest


class HistoryEntry(BaseModel):
    """Something that happened to an order; `actor` is who caused it, as events name them."""

    type: str
    at: datetime
    actor: str
    amount: Money | None = None
    detail: str | None = None


class OrderHistory(BaseModel):
    """`status` is the last the events told of: pending, paid, allocated, shipped or cancelled."""

    order_id: OrderId
    number: int
    checkout_id: CheckoutId
    customer_id: UserId | None
    status: str
    units: int
    total: Money
    refunded: Money
    placed_at: datetime
    entries: list[HistoryEntry]


class CustomerSpending(BaseModel):
    """A customer in one currency; cancelled orders count as such and for no money. `spent` is what
    the others come to, less what went back for them."""

    orders: int
    cancelled: int
    units: int
    spent: Money
    first_order_at: datetime
    last_order_at: datetime


class CustomerSummary(BaseModel):
    customer_id: UserId
    spending: list[CustomerSpending]


class StockSummary(BaseModel):
    """`sold` units were promised to orders and not let go; `available` is None until asked."""

    variant_id: VariantId
    available: int | None
    received: int
    sold: int
    last_received_at: datetime | None
    last_sold_at: datetime | None


class Views(Protocol):
    """Read models: eventually right, never asked before something is decided. Orders and stock
    that were imported have no events, so histories begin after the import."""

    async def order_history(self, order_id: OrderId) -> OrderHistory | None: ...

    async def customer(self, customer_id: UserId) -> CustomerSummary | None: ...

    async def customers(self, customer_ids: Sequence[UserId]) -> dict[UserId, CustomerSummary]:
        """Those of them that bought something; the others are absent."""

    async def stock(self, page: PageRequest) -> Page[StockSummary]:
        """By variant."""

"""Second reading: rows → contract values, in batches that hold whole invoices."""

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from bodega.contracts.catalog import ImportedProduct
from bodega.contracts.identity import ImportedUser
from bodega.contracts.inventory import ImportedStock
from bodega.contracts.orders import ImportedOrder, ImportedReturn, OrderLine
from bodega.data.ingest.online_retail.countries import country_code
from bodega.data.ingest.online_retail.parse import Reject, Row
from bodega.data.ingest.online_retail.rules import Category, Rounding, category, line_kind, sku
from bodega.data.ingest.online_retail.survey import Survey
from bodega.kernel.ids import OrderId, ProductId, ReturnId, UserId, VariantId, derived_id
from bodega.kernel.money import Money

SOURCE = "online_retail"
CURRENCY = "GBP"
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "online-retail.import.bodega")
OPENING_DAYS = 30
OPENING_UNITS = 10
MAX_LINES = 30_000


@lru_cache(maxsize=100_000)
def source_id(what: str, key: str) -> uuid.UUID:
    """The same id for the same thing of the file, at every import."""
    return derived_id(NAMESPACE, f"{what}:{key}")


@lru_cache(maxsize=10_000)
def _money(pence: int) -> Money:
    return Money(amount=pence, currency=CURRENCY)


@lru_cache(maxsize=10_000)
def _unit_price(price: Decimal) -> Money:
    return Money.from_decimal(price, CURRENCY)


def users(found: Survey) -> list[ImportedUser]:
    """Customers with the country of their latest row; the file knows no names."""
    return [
        ImportedUser(
            id=UserId(source_id("customer", customer.key)),
            source_key=customer.key,
            country=country_code(customer.country),
            first_seen_at=customer.first_seen,
        )
        for customer in found.customers.values()
    ]


def products(found: Survey) -> list[ImportedProduct]:
    """One variant each. What was never sold for at least a penny cannot be bought: a draft."""
    result = []
    for product in found.products.values():
        price = _unit_price(product.price)
        result.append(
            ImportedProduct(
                id=ProductId(source_id("product", product.sku)),
                variant_id=VariantId(source_id("variant", product.sku)),
                source_key=product.sku,
                sku=product.sku,
                title=product.title,
                description="",
                category=None,
                price=price,
                first_seen_at=product.first_seen,
                status="active" if price.amount > 0 else "draft",
            )
        )
    return result


class _Sale(NamedTuple):
    at: datetime
    order_id: OrderId
    invoice: str


@dataclass(slots=True)
class _Sold:
    """A sale that something of may come back, and how many units still can."""

    sale: _Sale
    left: int


@dataclass(slots=True)
class Tally:
    """What the second reading counted."""

    categories: Counter[Category] = field(default_factory=Counter)
    duplicates: int = 0
    guest_lines: int = 0
    orders: int = 0
    guest_orders: int = 0
    returns: int = 0
    returns_linked: int = 0
    pence: int = 0
    units_sold: Counter[str] = field(default_factory=Counter)


class _Settled(NamedTuple):
    """A row, what it is, and its signed amount in pence."""

    row: Row
    category: Category
    pence: int


class Assembler:
    """Orders as their invoices end, returns at the end, when every sale is known.

    Holds open invoices, all returned rows, and the sales of what was ever returned.
    """

    def __init__(self, found: Survey) -> None:
        self.tally = Tally()
        self.rounding = Rounding()
        self._found = found
        self._open: dict[str, list[_Settled]] = defaultdict(list)
        self._returned: dict[str, list[_Settled]] = defaultdict(list)
        self._sold: dict[tuple[str, str], list[_Sold]] = defaultdict(list)
        self._parts: Counter[str] = Counter()
        self._recent = found.ends_at - timedelta(days=OPENING_DAYS)

    def orders(self, rows: Iterable[Row | Reject], *, lines: int) -> Iterator[list[ImportedOrder]]:
        """Batches of about `lines` order lines."""
        batch: list[ImportedOrder] = []
        size = 0
        for row in rows:
            if isinstance(row, Reject):
                continue
            order = self._take(row)
            if order is not None:
                batch.append(order)
                size += len(order.lines)
            if size >= lines:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def returns(self) -> list[ImportedReturn]:
        """One per invoice and order that its lines go back to; ask once, after `orders`."""
        result = []
        for invoice, settled in self._returned.items():
            groups: dict[_Sale | None, list[_Settled]] = defaultdict(list)
            for item in settled:
                groups[self._origin(item.row)].append(item)
            for sale, items in groups.items():
                key = f"{invoice}/{sale.invoice}" if sale and len(groups) > 1 else invoice
                result.append(_return(key, sale, items))
                self.tally.returns_linked += sale is not None
        self.tally.returns = len(result)
        return result

    def opening_stock(self) -> list[ImportedStock]:
        """What the last OPENING_DAYS of the file sold, at least OPENING_UNITS: a month's cover."""
        return [
            ImportedStock(
                variant_id=VariantId(source_id("variant", code)),
                on_hand=max(OPENING_UNITS, self.tally.units_sold[code]),
                known_at=self._found.ends_at,
            )
            for code in self._found.products
        ]

    def _take(self, row: Row) -> ImportedOrder | None:
        """Note the row; the order, if the invoice ends here and sold something. One of more than
        MAX_LINES becomes several orders: that bounds memory, and lines are numbered by a smallint.
        """
        waiting = self._open[row.invoice]
        waiting.append(self._settle(row))
        is_last = self._found.last_line[row.invoice] == row.line
        if not is_last and len(waiting) < MAX_LINES:
            return None
        settled = self._open.pop(row.invoice)
        part = self._parts[row.invoice] + 1
        if not is_last:
            self._parts[row.invoice] = part
        self._count(settled)
        ordered = []
        for item in settled:
            if item.category is Category.RETURN:
                self._returned[row.invoice].append(item)
            elif item.category is not Category.STOCK:
                ordered.append(item)
        key = row.invoice if part == 1 else f"{row.invoice}/{part}"
        return self._order(key, ordered) if ordered else None

    def _settle(self, row: Row) -> _Settled:
        return _Settled(row, category(row), self.rounding.settle(row.price * row.quantity))

    def _count(self, settled: Sequence[_Settled]) -> None:
        tally = self.tally
        tally.duplicates += len(settled) - len({item.row[1:] for item in settled})
        for row, kept, pence in settled:
            tally.categories[kept] += 1
            tally.pence += pence
            if kept is not Category.STOCK:
                tally.guest_lines += not row.customer
            if kept is Category.PRODUCT and row.at > self._recent:
                tally.units_sold[sku(row.code)] += row.quantity

    def _order(self, invoice: str, settled: Sequence[_Settled]) -> ImportedOrder:
        first = next((item.row for item in settled if item.row.customer), settled[0].row)
        order = ImportedOrder(
            id=OrderId(source_id("order", invoice)),
            source_key=invoice,
            customer_id=_customer(first),
            country=country_code(first.country),
            placed_at=min(item.row.at for item in settled),
            currency=CURRENCY,
            lines=[_line(item) for item in settled],
        )
        self.tally.orders += 1
        self.tally.guest_orders += order.customer_id is None
        sale = _Sale(order.placed_at, order.id, invoice)
        for item in settled:
            pair = (item.row.customer, sku(item.row.code))
            if pair in self._found.returned:
                self._sold[pair].append(_Sold(sale, item.row.quantity))
        return order

    def _origin(self, row: Row) -> _Sale | None:
        """The customer's latest order of that product before the return, preferring one of which
        that many units are still out."""
        known = self._sold.get((row.customer, sku(row.code)), [])
        earlier = [sold for sold in known if sold.sale.at <= row.at]
        if not earlier:
            return None
        best = max(earlier, key=lambda sold: (sold.left >= -row.quantity, sold.sale.at))
        best.left += row.quantity
        return best.sale


def _customer(row: Row) -> UserId | None:
    return UserId(source_id("customer", row.customer)) if row.customer else None


def _line(item: _Settled) -> OrderLine:
    """Units are positive; the sign of the money stays with an order line and leaves a return's."""
    row, kept, pence = item
    found = line_kind(row, kept)
    code = sku(row.code)
    goods = found == "product"
    sign = -1 if kept is Category.RETURN else 1
    price = row.price if kept is not Category.ADJUSTMENT or row.quantity > 0 else -row.price
    return OrderLine(
        kind=found,
        product_id=ProductId(source_id("product", code)) if goods else None,
        variant_id=VariantId(source_id("variant", code)) if goods else None,
        sku=code,
        title=row.description or code,
        quantity=abs(row.quantity),
        unit_price=_unit_price(price),
        total=_money(sign * pence),
    )


def _return(key: str, sale: _Sale | None, settled: Sequence[_Settled]) -> ImportedReturn:
    first = settled[0].row
    return ImportedReturn(
        id=ReturnId(source_id("return", key)),
        source_key=key,
        order_id=sale.order_id if sale else None,
        customer_id=_customer(first),
        country=country_code(first.country),
        reason="cancelled" if first.invoice[0] in "Cc" else "returned",
        returned_at=min(item.row.at for item in settled),
        currency=CURRENCY,
        lines=[_line(item) for item in settled],
    )

"""A shop that keeps what is loaded in memory, idempotent by source key, and writes files for it."""

import csv
import gzip
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bodega.contracts.catalog import ImportedProduct
from bodega.contracts.identity import ImportedUser
from bodega.contracts.inventory import ImportedStock
from bodega.contracts.orders import ImportedOrder, ImportedReturn, OrderLine
from bodega.data.ingest.online_retail.load import Targets, import_online_retail
from bodega.data.ingest.online_retail.parse import COLUMNS
from bodega.data.ingest.online_retail.report import ImportReport
from bodega.kernel.clock import FixedClock

NOW = datetime(2012, 1, 1, tzinfo=UTC)


class Shelf:
    """One `bulk_load`: what was loaded by key, and how often it was called."""

    def __init__(self, key: str) -> None:
        self._key = key
        self.items: dict[Any, Any] = {}

    async def bulk_load(self, batch: Sequence[Any], **_: Any) -> int:
        before = len(self.items)
        for item in batch:
            self.items.setdefault(getattr(item, self._key), item)
        return len(self.items) - before


class Goods(Shelf):
    foreign: frozenset[str] = frozenset()

    async def sellable(self, variant_ids: Sequence[Any]) -> dict[Any, Any]:
        known = {item.variant_id: item for item in self.items.values()}
        return {
            variant: known[variant]
            for variant in variant_ids
            if known[variant].sku not in self.foreign
        }


class Books:
    def __init__(self) -> None:
        self.orders: dict[str, ImportedOrder] = {}
        self.returns: dict[str, ImportedReturn] = {}

    async def bulk_load(
        self, orders: Sequence[ImportedOrder], returns: Sequence[ImportedReturn], **_: Any
    ) -> int:
        before = len(self.orders) + len(self.returns)
        for order in orders:
            self.orders.setdefault(order.source_key, order)
        for item in returns:
            self.returns.setdefault(item.source_key, item)
        return len(self.orders) + len(self.returns) - before


class Shop:
    def __init__(self) -> None:
        self.people = Shelf("source_key")
        self.goods = Goods("source_key")
        self.books = Books()
        self.stock = Shelf("variant_id")

    @property
    def targets(self) -> Targets:
        return Targets(self.people, self.goods, self.books, self.stock)  # type: ignore[arg-type]

    @property
    def users(self) -> dict[str, ImportedUser]:
        return self.people.items

    @property
    def products(self) -> dict[str, ImportedProduct]:
        return self.goods.items

    @property
    def levels(self) -> list[ImportedStock]:
        return list(self.stock.items.values())

    @property
    def order_lines(self) -> list[OrderLine]:
        return [line for order in self.books.orders.values() for line in order.lines]

    @property
    def return_lines(self) -> list[OrderLine]:
        return [line for item in self.books.returns.values() for line in item.lines]

    @property
    def net(self) -> int:
        """Pence sold less pence given back."""
        sold = sum(line.total.amount for line in self.order_lines)
        return sold - sum(line.total.amount for line in self.return_lines)

    async def take(self, path: Path, folder: Path) -> ImportReport:
        return await import_online_retail(
            path, self.targets, report_dir=folder, clock=FixedClock(NOW)
        )


def row(
    invoice: str = "536365",
    code: str = "85123A",
    *,
    description: str = "WHITE LANTERN",
    quantity: object = 6,
    at: str = "2010-12-01 08:26:00",
    price: object = "2.55",
    customer: str = "17850.0",
    country: str = "United Kingdom",
) -> tuple[str, ...]:
    return (invoice, code, description, str(quantity), at, str(price), customer, country)


def write(folder: Path, rows: Iterable[Sequence[str]], *, packed: bool = False) -> Path:
    path = folder / ("retail.csv.gz" if packed else "retail.csv")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    content = text.getvalue().encode()
    path.write_bytes(gzip.compress(content) if packed else content)
    return path

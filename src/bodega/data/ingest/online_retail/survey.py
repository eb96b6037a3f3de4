"""First reading of the file: its products, its customers, where each invoice ends, what is bad."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from bodega.data.ingest.online_retail.parse import Reject, Row
from bodega.data.ingest.online_retail.rules import Category, category, line_kind, sku

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class SurveyedProduct:
    """What the rows of one stock code say of it."""

    sku: str
    first_seen: datetime
    titles: Counter[str] = field(default_factory=Counter)
    prices: Counter[Decimal] = field(default_factory=Counter)

    @property
    def title(self) -> str:
        """The description most rows with money carry; the SKU where none does."""
        return self.titles.most_common(1)[0][0] if self.titles else self.sku

    @property
    def price(self) -> Decimal:
        """The unit price most of its sales had; zero where it was never sold for money."""
        return self.prices.most_common(1)[0][0] if self.prices else Decimal(0)


@dataclass(slots=True)
class SurveyedCustomer:
    key: str
    first_seen: datetime
    last_seen: datetime
    country: str


@dataclass(slots=True)
class Survey:
    """Grows with the distinct products, customers and invoices of a file, not with its rows."""

    rows: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    products: dict[str, SurveyedProduct] = field(default_factory=dict)
    customers: dict[str, SurveyedCustomer] = field(default_factory=dict)
    last_line: dict[str, int] = field(default_factory=dict)
    returned: set[tuple[str, str]] = field(default_factory=set)
    ends_at: datetime = _NEVER


def survey(rows: Iterable[Row | Reject], *, reject: Callable[[Reject], None]) -> Survey:
    """Read to the end; every malformed line goes to `reject`."""
    found = Survey()
    for row in rows:
        found.rows += 1
        if isinstance(row, Reject):
            found.rejected[row.reason] += 1
            reject(row)
        else:
            _note(found, row)
    return found


def _note(found: Survey, row: Row) -> None:
    found.last_line[row.invoice] = row.line
    found.ends_at = max(found.ends_at, row.at)
    kept = category(row)
    if kept is Category.STOCK:
        return
    if row.customer:
        _note_customer(found, row)
        if kept is Category.RETURN:
            found.returned.add((row.customer, sku(row.code)))
    if line_kind(row, kept) == "product":
        _note_product(found, row, kept)


def _note_product(found: Survey, row: Row, kept: Category) -> None:
    code = sku(row.code)
    product = found.products.get(code)
    if product is None:
        product = found.products[code] = SurveyedProduct(code, row.at)
    product.first_seen = min(product.first_seen, row.at)
    if row.description:
        product.titles[row.description] += 1
    if kept is Category.PRODUCT:
        product.prices[row.price] += 1


def _note_customer(found: Survey, row: Row) -> None:
    known = found.customers.get(row.customer)
    if known is None:
        found.customers[row.customer] = SurveyedCustomer(row.customer, row.at, row.at, row.country)
        return
    known.first_seen = min(known.first_seen, row.at)
    if row.at >= known.last_seen:
        known.last_seen, known.country = row.at, row.country

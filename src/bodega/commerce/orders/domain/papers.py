"""What stands on an invoice or a credit note: a value that is stored as it was issued."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from bodega.commerce.orders.domain.shares import share, tax_in
from bodega.contracts.aftersales import DocumentKind
from bodega.contracts.orders import OrderLine, OrderView
from bodega.kernel.address import Address

PREFIX: dict[DocumentKind, str] = {"invoice": "INV", "credit_note": "CRN"}


class PaperLine(BaseModel):
    """All amounts in minor units of the paper's currency; `total` contains `tax`."""

    model_config = ConfigDict(frozen=True)

    title: str
    sku: str
    quantity: int
    unit_price: int
    discount: int
    tax_rate: Decimal
    tax: int
    total: int


class TaxRow(BaseModel):
    """One rate of the breakdown: net + tax = total."""

    model_config = ConfigDict(frozen=True)

    rate: Decimal
    net: int
    tax: int
    total: int


class Paper(BaseModel):
    """Everything printed. `corrects` is the number of the invoice that a credit note takes back."""

    model_config = ConfigDict(frozen=True)

    kind: DocumentKind
    number: int
    order_number: int
    issued_at: datetime
    currency: str
    locale: str
    seller: str
    seller_address: str
    seller_tax_id: str
    email: str | None
    billing_address: Address | None
    shipping_address: Address | None
    lines: list[PaperLine]
    taxes: list[TaxRow]
    reason: str | None = None
    corrects: str | None = None

    @property
    def name(self) -> str:
        return name_of(self.kind, self.number)

    @property
    def tax(self) -> int:
        return sum(row.tax for row in self.taxes)

    @property
    def total(self) -> int:
        return sum(line.total for line in self.lines)


def name_of(kind: DocumentKind, number: int) -> str:
    return f"{PREFIX[kind]}-{number:06d}"


def paper_line(line: OrderLine) -> PaperLine:
    return PaperLine(
        title=line.title,
        sku=line.sku,
        quantity=line.quantity,
        unit_price=line.unit_price.amount,
        discount=line.discount.amount if line.discount else 0,
        tax_rate=line.tax_rate,
        tax=line.tax.amount if line.tax else 0,
        total=line.total.amount,
    )


def credited(line: OrderLine, amount: int, units: int, *, before: int = 0) -> PaperLine:
    """A part of a line's money that goes back, of which `before` went back earlier; with `units` 0
    the goods stay with the buyer."""
    return PaperLine(
        title=line.title,
        sku=line.sku,
        quantity=units,
        unit_price=share(amount, 1, units) if units else 0,
        discount=0,
        tax_rate=line.tax_rate,
        tax=tax_in(line, before + amount) - tax_in(line, before),
        total=amount,
    )


def difference(before: OrderLine | None, after: OrderLine | None) -> PaperLine | None:
    """What an edit added to a line (positive) or took from it; None when it costs the same."""
    known = after or before
    if known is None:
        return None
    old = paper_line(before) if before else None
    new = paper_line(after) if after else None

    def gap(field: str) -> int:
        return (getattr(new, field) if new else 0) - (getattr(old, field) if old else 0)

    if not gap("total"):
        return None
    return PaperLine(
        title=known.title,
        sku=known.sku,
        quantity=gap("quantity"),
        unit_price=known.unit_price.amount,
        discount=gap("discount"),
        tax_rate=known.tax_rate,
        tax=gap("tax"),
        total=gap("total"),
    )


def negated(line: PaperLine) -> PaperLine:
    """A credit note counts what is taken back as positive."""
    turned = {
        "quantity": -line.quantity,
        "discount": -line.discount,
        "tax": -line.tax,
        "total": -line.total,
    }
    return line.model_copy(update=turned)


def breakdown(lines: Iterable[PaperLine]) -> list[TaxRow]:
    """Net, tax and total by rate, the highest rate first."""
    rates: dict[Decimal, tuple[int, int]] = {}
    for line in lines:
        tax, total = rates.get(line.tax_rate, (0, 0))
        rates[line.tax_rate] = (tax + line.tax, total + line.total)
    return [
        TaxRow(rate=rate, net=total - tax, tax=tax, total=total)
        for rate, (tax, total) in sorted(rates.items(), reverse=True)
    ]


def lines_of(order: OrderView) -> Sequence[PaperLine]:
    return [paper_line(line) for line in order.lines]

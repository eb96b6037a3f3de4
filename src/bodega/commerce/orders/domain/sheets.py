"""Orders as rows of a table for spreadsheets."""

import csv
import io
from collections.abc import Iterable, Sequence

from bodega.contracts.orders import OrderView

HEAD = (
    "number", "placed_at", "status", "email", "country", "currency", "order_total", "refunded",
    "kind", "sku", "title", "quantity", "unit_price", "discount", "tax", "line_total",
    "fulfilled", "delivered", "returned", "cancelled",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_head() -> str:
    return _csv([HEAD])


def csv_rows(order: OrderView) -> str:
    """A row a line; money in decimals of its currency."""
    refunded = order.refunded.decimal if order.refunded else 0
    head = (
        order.number, order.placed_at.isoformat(), order.status, order.email or "",
        order.country or "", order.total.currency, order.total.decimal, refunded,
    )  # fmt: skip
    rows = []
    for line in order.lines:
        discount = line.discount.decimal if line.discount else 0
        tax = line.tax.decimal if line.tax else 0
        cells = (
            line.kind, line.sku, line.title, line.quantity, line.unit_price.decimal, discount,
            tax, line.total.decimal, line.fulfilled, line.delivered, line.returned,
            line.cancelled,
        )  # fmt: skip
        rows.append([*head, *cells])
    return _csv(rows)


def _csv(rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for row in rows:
        writer.writerow([_safe(cell) for cell in row])
    return text.getvalue()


def _safe(cell: object) -> object:
    """A text that a spreadsheet would take for a formula is marked as text."""
    if isinstance(cell, str) and cell.startswith(_FORMULA):
        return f"'{cell}"
    return cell

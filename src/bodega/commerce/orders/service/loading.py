"""Taking in the orders and returns of another system."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from bodega.backbone.db import UnitOfWork
from bodega.commerce.orders.domain.lines import line_total, subtotal
from bodega.commerce.orders.repository import loading, numbers
from bodega.contracts.orders import ImportedOrder, ImportedReturn, OrderLine
from bodega.kernel.ids import ImportBatchId, new_id


async def load(
    uow: UnitOfWork,
    *,
    orders: Sequence[ImportedOrder],
    returns: Sequence[ImportedReturn],
    source: str,
    batch: ImportBatchId,
) -> int:
    """COPY in what is new by (source, source_key), orders in the order they were placed."""
    here, back = await loading.known_keys(
        uow.connection,
        source=source,
        orders=[item.source_key for item in orders],
        returns=[item.source_key for item in returns],
    )
    fresh = sorted(
        (item for item in orders if item.source_key not in here),
        key=lambda item: (item.placed_at, item.source_key),
    )
    came_back = [item for item in returns if item.source_key not in back]
    loaded = await _load_orders(uow, fresh, source, batch)
    return loaded + await _load_returns(uow, came_back, source, batch)


async def _load_orders(
    uow: UnitOfWork, fresh: Sequence[ImportedOrder], source: str, batch: ImportBatchId
) -> int:
    if not fresh:
        return 0
    first = await numbers.take_numbers(uow.connection, len(fresh))
    heads = (_order_row(first + at, item, source, batch) for at, item in enumerate(fresh))
    loaded = await loading.copy_rows(uow.connection, "orders", loading.ORDER_COLUMNS, heads)
    lines = (
        (
            new_id(),
            item.id,
            position,
            *_bought(line),
            *_taxed(line),
            *_audit(item.placed_at, batch, source, key),
        )
        for item in fresh
        for position, line, key in _keyed(item.source_key, item.lines)
    )
    await loading.copy_rows(uow.connection, "order_lines", loading.ORDER_LINE_COLUMNS, lines)
    return loaded


async def _load_returns(
    uow: UnitOfWork, fresh: Sequence[ImportedReturn], source: str, batch: ImportBatchId
) -> int:
    if not fresh:
        return 0
    heads = (_return_row(item, source, batch) for item in fresh)
    loaded = await loading.copy_rows(uow.connection, "returns", loading.RETURN_COLUMNS, heads)
    lines = (
        (new_id(), item.id, *_bought(line), *_audit(item.returned_at, batch, source, key))
        for item in fresh
        for _, line, key in _keyed(item.source_key, item.lines)
    )
    await loading.copy_rows(uow.connection, "return_lines", loading.RETURN_LINE_COLUMNS, lines)
    return loaded


def _keyed(key: str, lines: Sequence[OrderLine]) -> Iterable[tuple[int, OrderLine, str]]:
    return ((at, line, f"{key}/{at}") for at, line in enumerate(lines, start=1))


def _order_row(
    number: int, item: ImportedOrder, source: str, batch: ImportBatchId
) -> Sequence[Any]:
    goods = subtotal(item.lines, item.currency)
    whole = line_total(item.lines, item.currency)
    return (
        item.id, number, item.customer_id, item.country, "paid", goods.amount, whole.amount,
        item.currency, *_audit(item.placed_at, batch, source, item.source_key),
    )  # fmt: skip


def _return_row(item: ImportedReturn, source: str, batch: ImportBatchId) -> Sequence[Any]:
    whole = line_total(item.lines, item.currency)
    return (
        item.id, item.order_id, item.customer_id, item.country, item.reason, whole.amount,
        item.currency, *_audit(item.returned_at, batch, source, item.source_key),
    )  # fmt: skip


def _bought(line: OrderLine) -> Sequence[Any]:
    return (
        line.kind, line.product_id, line.variant_id, line.sku, line.title, line.quantity,
        line.unit_price.amount, line.total.amount, line.total.currency,
    )  # fmt: skip


def _taxed(line: OrderLine) -> Sequence[Any]:
    discount, tax = line.discount, line.tax
    return (
        discount.amount if discount else None, tax.amount if tax else None, line.tax_rate,
        line.tax_included,
    )  # fmt: skip


def _audit(at: Any, batch: UUID, source: str, key: str) -> Sequence[Any]:
    """An imported row was known when it happened."""
    return at, at, batch, source, key

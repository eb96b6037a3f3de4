"""Use cases of orders."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.commerce.orders import repository
from bodega.commerce.orders.domain import line_total, may_become, subtotal
from bodega.commerce.orders.errors import AmountDiffers, OrderNotFound
from bodega.contracts.orders import (
    ImportedOrder,
    ImportedReturn,
    OrderCancelled,
    OrderLine,
    OrderPaid,
    OrderPlaced,
    OrdersImported,
    OrderStatus,
    OrderView,
    PlacedOrder,
    PlaceOrder,
    SoldLine,
)
from bodega.kernel.ids import (
    CheckoutId,
    CommandId,
    ImportBatchId,
    OrderId,
    ProductId,
    UserId,
    new_id,
)
from bodega.kernel.money import Money
from bodega.kernel.page import Page, PageRequest, encode_cursor


async def place(uow: UnitOfWork, *, request: PlaceOrder) -> PlacedOrder:
    """Raises AmountDiffers when the lines do not add up to the total."""
    known = await repository.lock_by_checkout(uow.connection, request.checkout_id)
    if known is not None:
        return PlacedOrder(order_id=known.id, number=known.number)
    currency = request.total.currency
    if line_total(request.lines, currency) != request.total:
        raise AmountDiffers("The lines do not add up to the total")
    placed = await repository.insert_order(
        uow.connection, request, subtotal=subtotal(request.lines, currency)
    )
    uow.emit(_placed(placed, request))
    return placed


def _placed(placed: PlacedOrder, request: PlaceOrder) -> OrderPlaced:
    return OrderPlaced(
        order_id=placed.order_id,
        number=placed.number,
        checkout_id=request.checkout_id,
        cart_id=request.cart_id,
        customer_id=request.customer_id,
        lines=[
            SoldLine(
                product_id=line.product_id,
                variant_id=line.variant_id,
                quantity=line.quantity,
                total=line.total,
            )
            for line in request.lines
        ],
        total=request.total,
    )


async def cancel(uow: UnitOfWork, *, checkout_id: CheckoutId, reason: str) -> None:
    order = await repository.lock_by_checkout(uow.connection, checkout_id)
    if order is None or not may_become(order.status, "cancelled"):
        return
    await repository.set_status(uow.connection, order.id, "cancelled")
    uow.emit(OrderCancelled(order_id=order.id, checkout_id=checkout_id, reason=reason))


async def mark_paid(uow: UnitOfWork, *, checkout_id: CheckoutId, amount: Money) -> None:
    """Raises OrderNotFound, AmountDiffers; an order cancelled meanwhile stays cancelled."""
    order = await repository.lock_by_checkout(uow.connection, checkout_id)
    if order is None:
        raise OrderNotFound(f"No order was placed for checkout {checkout_id}")
    if Money(amount=order.total_amount, currency=order.currency) != amount:
        raise AmountDiffers
    if may_become(order.status, "paid"):
        await repository.set_status(uow.connection, order.id, "paid")
        uow.emit(OrderPaid(order_id=order.id, amount=amount))


async def load(
    uow: UnitOfWork,
    *,
    orders: Sequence[ImportedOrder],
    returns: Sequence[ImportedReturn],
    source: str,
    batch: ImportBatchId,
) -> int:
    """COPY in what is new by (source, source_key), orders in the order they were placed."""
    here, back = await repository.known_keys(
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
    first = await repository.take_numbers(uow.connection, len(fresh))
    heads = (_order_row(first + at, item, source, batch) for at, item in enumerate(fresh))
    loaded = await repository.copy_rows(uow.connection, "orders", repository.ORDER_COLUMNS, heads)
    lines = (
        (new_id(), item.id, position, *_bought(line), *_audit(item.placed_at, batch, source, key))
        for item in fresh
        for position, line, key in _keyed(item.source_key, item.lines)
    )
    await repository.copy_rows(uow.connection, "order_lines", repository.ORDER_LINE_COLUMNS, lines)
    return loaded


async def _load_returns(
    uow: UnitOfWork, fresh: Sequence[ImportedReturn], source: str, batch: ImportBatchId
) -> int:
    if not fresh:
        return 0
    heads = (_return_row(item, source, batch) for item in fresh)
    loaded = await repository.copy_rows(uow.connection, "returns", repository.RETURN_COLUMNS, heads)
    lines = (
        (new_id(), item.id, *_bought(line), *_audit(item.returned_at, batch, source, key))
        for item in fresh
        for _, line, key in _keyed(item.source_key, item.lines)
    )
    await repository.copy_rows(
        uow.connection, "return_lines", repository.RETURN_LINE_COLUMNS, lines
    )
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


def _audit(at: Any, batch: UUID, source: str, key: str) -> Sequence[Any]:
    """An imported row was known when it happened."""
    return at, at, batch, source, key


class OrdersService:
    """Answers `bodega.contracts.orders.Orders`."""

    def __init__(self, context: Context) -> None:
        self._database = context.database

    async def place(self, *, command_id: CommandId, request: PlaceOrder) -> PlacedOrder:
        async with self._database.work() as uow:
            return await uow.once(
                command_id, "orders.place", PlacedOrder, lambda: place(uow, request=request)
            )

    async def cancel(self, *, command_id: CommandId, checkout_id: CheckoutId, reason: str) -> None:
        async with self._database.work() as uow:
            await uow.once(
                command_id,
                "orders.cancel",
                type(None),
                lambda: cancel(uow, checkout_id=checkout_id, reason=reason),
            )

    async def order(self, order_id: OrderId) -> OrderView | None:
        async with self._database.reading() as connection:
            return await repository.find_order(connection, order_id)

    async def by_checkout(self, checkout_id: CheckoutId) -> OrderView | None:
        async with self._database.reading() as connection:
            return await repository.find_by_checkout(connection, checkout_id)

    async def of_customer(self, customer_id: UserId, page: PageRequest) -> Page[OrderView]:
        return await self._page(page, customer_id=customer_id)

    async def latest(
        self, page: PageRequest, *, status: OrderStatus | None = None
    ) -> Page[OrderView]:
        return await self._page(page, status=status)

    async def _page(
        self,
        page: PageRequest,
        *,
        customer_id: UserId | None = None,
        status: OrderStatus | None = None,
    ) -> Page[OrderView]:
        async with self._database.reading() as connection:
            found = await repository.find_orders(
                connection,
                limit=page.limit + 1,
                customer_id=customer_id,
                status=status,
                after=page.after_instant(),
            )
        shown = found[: page.limit]
        more = len(found) > page.limit
        cursor = encode_cursor(shown[-1].placed_at.isoformat(), shown[-1].id) if more else None
        return Page(items=shown, next_cursor=cursor)

    async def bought(self, *, customer_id: UserId, product_id: ProductId) -> bool:
        async with self._database.reading() as connection:
            return await repository.has_bought(
                connection, customer_id=customer_id, product_id=product_id
            )

    async def bulk_load(
        self,
        orders: Sequence[ImportedOrder],
        returns: Sequence[ImportedReturn],
        *,
        source: str,
        import_batch_id: ImportBatchId,
    ) -> int:
        async with self._database.work(actor=f"import:{source}") as uow:
            rows = await load(
                uow, orders=orders, returns=returns, source=source, batch=import_batch_id
            )
            uow.emit(OrdersImported(import_batch_id=import_batch_id, source=source, rows=rows))
        return rows

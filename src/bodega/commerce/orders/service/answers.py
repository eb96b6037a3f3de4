"""Who answers for orders."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Literal

from bodega.backbone.module import Context
from bodega.commerce.orders.domain import sheets
from bodega.commerce.orders.repository import bought, history, orders
from bodega.commerce.orders.repository import search as finding
from bodega.commerce.orders.service.cancelling import undo_placing
from bodega.commerce.orders.service.guests import Gate
from bodega.commerce.orders.service.life import place
from bodega.commerce.orders.service.loading import load
from bodega.contracts.orders import (
    BoughtUnits,
    ImportedOrder,
    ImportedReturn,
    OrderChange,
    OrderPass,
    OrderSearch,
    OrdersImported,
    OrderStatus,
    OrderView,
    PlacedOrder,
    PlaceOrder,
)
from bodega.kernel.ids import (
    CheckoutId,
    CommandId,
    ImportBatchId,
    OrderId,
    ProductId,
    UserId,
    VariantId,
)
from bodega.kernel.page import Page, PageRequest, encode_cursor


class OrdersService:
    """Answers `bodega.contracts.orders.Orders`."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._database = context.database
        self._gate = Gate(context)

    async def place(self, *, command_id: CommandId, request: PlaceOrder) -> PlacedOrder:
        who = f"customer:{request.customer_id}" if request.customer_id else "anonymous"
        async with self._database.work(actor=who) as uow:
            return await uow.once(
                command_id,
                "orders.place",
                PlacedOrder,
                lambda: place(uow, request=request),
                at_once=True,
            )

    async def cancel(self, *, command_id: CommandId, checkout_id: CheckoutId, reason: str) -> None:
        async with self._database.work() as uow:
            await uow.once(
                command_id,
                "orders.cancel",
                type(None),
                lambda: undo_placing(self._context, uow, checkout_id=checkout_id, reason=reason),
            )

    async def order(self, order_id: OrderId) -> OrderView | None:
        async with self._database.reading() as connection:
            return await orders.find_order(connection, order_id)

    async def history(self, order_id: OrderId) -> list[OrderChange]:
        async with self._database.reading() as connection:
            return await history.find_entries(connection, order_id)

    async def by_checkout(self, checkout_id: CheckoutId) -> OrderView | None:
        async with self._database.reading() as connection:
            return await orders.find_by_checkout(connection, checkout_id)

    async def look_up(self, *, number: int, email: str, address: str) -> OrderView | None:
        return await self._gate.look_up(number=number, email=email, address=address)

    async def issue_pass(self, order_id: OrderId) -> OrderPass:
        return self._gate.issue(order_id)

    async def open_pass(self, token: str) -> OrderView | None:
        return await self._gate.open(token)

    async def of_customer(self, customer_id: UserId, page: PageRequest) -> Page[OrderView]:
        return await self._page(page, customer_id=customer_id)

    async def latest(
        self, page: PageRequest, *, status: OrderStatus | None = None
    ) -> Page[OrderView]:
        return await self._page(page, search=OrderSearch(status=status))

    async def search(self, page: PageRequest, search: OrderSearch) -> Page[OrderView]:
        return await self._page(page, search=search)

    async def export(
        self, search: OrderSearch, *, format: Literal["csv", "ndjson"]
    ) -> AsyncIterator[str]:
        head = sheets.csv_head() if format == "csv" else ""
        async for order in self._every(search):
            rows = sheets.csv_rows(order) if format == "csv" else f"{order.model_dump_json()}\n"
            yield head + rows
            head = ""
        if head:
            yield head

    async def _every(self, search: OrderSearch) -> AsyncIterator[OrderView]:
        """No connection is held while a slow reader takes its time."""
        after = None
        while True:
            async with self._database.reading() as connection:
                found = await finding.next_batch(connection, search, after)
            for order in found:
                yield order
            if len(found) < finding.BATCH:
                return
            after = (found[-1].placed_at, found[-1].id)

    async def _page(
        self,
        page: PageRequest,
        *,
        customer_id: UserId | None = None,
        search: OrderSearch | None = None,
    ) -> Page[OrderView]:
        async with self._database.reading() as connection:
            found = await finding.find_orders(
                connection,
                limit=page.limit + 1,
                customer_id=customer_id,
                search=search or OrderSearch(),
                after=page.after_instant(),
            )
        shown = found[: page.limit]
        more = len(found) > page.limit
        cursor = encode_cursor(shown[-1].placed_at.isoformat(), shown[-1].id) if more else None
        return Page(items=shown, next_cursor=cursor)

    async def bought(self, *, customer_id: UserId, product_id: ProductId) -> bool:
        async with self._database.reading() as connection:
            return await orders.has_bought(
                connection, customer_id=customer_id, product_id=product_id
            )

    async def bought_units(
        self,
        *,
        customer_id: UserId | None,
        email: str | None,
        since: Mapping[VariantId, datetime | None],
    ) -> list[BoughtUnits]:
        async with self._database.reading() as connection:
            return await bought.find_units(
                connection, customer_id=customer_id, email=email, since=since
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

"""Use cases of views: answer from what the handlers keep, and ask how much stock there is."""

from collections.abc import Sequence
from uuid import UUID

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.commerce.views import repository
from bodega.contracts.inventory import Inventory
from bodega.contracts.views import CustomerSummary, OrderHistory, StockSummary
from bodega.kernel.errors import Invalid
from bodega.kernel.ids import OrderId, UserId
from bodega.kernel.page import MAX_PAGE, NOT_OURS, Page, PageRequest, encode_cursor

_AT_ONCE = 500


class ViewsService:
    """Answers `bodega.contracts.views.Views`."""

    def __init__(self, context: Context) -> None:
        self._database = context.database

    async def order_history(self, order_id: OrderId) -> OrderHistory | None:
        async with self._database.reading() as connection:
            return await repository.find_history(connection, order_id)

    async def customer(self, customer_id: UserId) -> CustomerSummary | None:
        return (await self.customers([customer_id])).get(customer_id)

    async def customers(self, customer_ids: Sequence[UserId]) -> dict[UserId, CustomerSummary]:
        async with self._database.reading() as connection:
            return await repository.find_customers(connection, customer_ids)

    async def stock(self, page: PageRequest) -> Page[StockSummary]:
        async with self._database.reading() as connection:
            found = await repository.find_stock(
                connection, limit=page.limit + 1, after=_last_seen(page)
            )
        shown = found[: page.limit]
        cursor = encode_cursor(shown[-1].variant_id) if len(found) > page.limit else None
        return Page(items=shown, next_cursor=cursor)


async def ask_stock(context: Context) -> int:
    """Fill in what is available of variants that moved; how many."""
    count = 0
    while True:
        async with context.database.work() as uow:
            wanted = await repository.take_to_ask(uow.connection, limit=_AT_ONCE)
            if not wanted:
                return count
            available = await context.container.get(Inventory).available(wanted)
            await repository.set_available(uow.connection, available)
        count += len(wanted)


async def see_imported_stock(context: Context, uow: UnitOfWork) -> None:
    """An import tells of no variant: every level is looked through."""
    page = PageRequest(limit=MAX_PAGE)
    while True:
        levels = await context.container.get(Inventory).levels(page)
        if levels.items:
            ids = [level.variant_id for level in levels.items]
            await repository.see_stock(uow.connection, ids)
        if levels.next_cursor is None:
            return
        page = PageRequest(limit=MAX_PAGE, cursor=levels.next_cursor)


def _last_seen(page: PageRequest) -> UUID | None:
    """The variant a page continues behind. Raises Invalid for a cursor of another list."""
    key = page.after()
    if key is None:
        return None
    try:
        (variant_id,) = key
        return UUID(variant_id)
    except ValueError as error:
        raise Invalid(NOT_OURS) from error

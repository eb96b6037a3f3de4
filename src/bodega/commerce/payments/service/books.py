"""The books as staff read them."""

from uuid import UUID

from bodega.backbone.module import Context
from bodega.commerce.payments.repository import ledger
from bodega.contracts.payments import AccountBalance, LedgerEntry
from bodega.kernel.errors import Invalid
from bodega.kernel.ids import CheckoutId
from bodega.kernel.page import NOT_OURS, Page, PageRequest, encode_cursor


def after_id(page: PageRequest) -> UUID | None:
    """The key of a list sorted by id. Raises `Invalid` for any other cursor."""
    key = page.after()
    if key is None:
        return None
    try:
        (last,) = key
        return UUID(last)
    except ValueError as error:
        raise Invalid(NOT_OURS) from error


class BooksService:
    """Answers `bodega.contracts.payments.Books`."""

    def __init__(self, context: Context) -> None:
        self._database = context.database

    async def balances(self) -> list[AccountBalance]:
        async with self._database.reading() as connection:
            return await ledger.balances(connection)

    async def entries(
        self, page: PageRequest, *, checkout_id: CheckoutId | None = None
    ) -> Page[LedgerEntry]:
        async with self._database.reading() as connection:
            found = await ledger.entries(
                connection, checkout_id=checkout_id, after=after_id(page), limit=page.limit + 1
            )
        items = list(found[: page.limit])
        more = len(found) > page.limit
        return Page(items=items, next_cursor=encode_cursor(items[-1].id) if more else None)

"""The ledger over HTTP, for staff to read."""

from typing import Annotated

from bodega.backbone.http.deps import PageQuery, Staff, provided
from bodega.backbone.http.router import admin_router
from bodega.contracts.books import AccountBalance, Books, LedgerEntry
from bodega.kernel.ids import CheckoutId
from bodega.kernel.page import Page

staff = admin_router("payments", "/ledger")


@staff.get("/balances")
async def list_balances(
    who: Staff, books: Annotated[Books, provided(Books)]
) -> list[AccountBalance]:
    """The trial balance: debits less credits of every account, by currency."""
    return await books.balances()


@staff.get("/entries")
async def list_entries(
    who: Staff,
    books: Annotated[Books, provided(Books)],
    page: PageQuery,
    checkout_id: CheckoutId | None = None,
) -> Page[LedgerEntry]:
    """Bookings, newest first."""
    return await books.entries(page, checkout_id=checkout_id)

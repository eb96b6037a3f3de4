"""Pages that staff turn: transfers, counts, suppliers, purchase orders, the ledger."""

from bodega.backbone.db import UnitOfWork
from bodega.commerce.inventory.repository.counts import find_counts
from bodega.commerce.inventory.repository.ledger import find_movements
from bodega.commerce.inventory.repository.purchases import find_purchases
from bodega.commerce.inventory.repository.suppliers import find_suppliers
from bodega.commerce.inventory.repository.transfers import find_transfers
from bodega.commerce.inventory.service.paging import last_seen, page_of
from bodega.contracts.buying import PurchaseStatus, PurchaseView, SupplierView
from bodega.contracts.stockroom import CountView, TransferView
from bodega.contracts.warehouse import MovementView
from bodega.kernel.ids import VariantId
from bodega.kernel.page import Page, PageRequest, encode_cursor


async def list_movements(
    uow: UnitOfWork, *, page: PageRequest, variant_id: VariantId | None
) -> Page[MovementView]:
    found = await find_movements(
        uow.connection, limit=page.limit + 1, variant_id=variant_id, after=page.after_instant()
    )
    shown = found[: page.limit]
    more = len(found) > page.limit
    cursor = encode_cursor(shown[-1][0].occurred_at, shown[-1][1]) if more else None
    return Page(items=[movement for movement, _ in shown], next_cursor=cursor)


async def list_transfers(uow: UnitOfWork, *, page: PageRequest) -> Page[TransferView]:
    found = await find_transfers(uow.connection, limit=page.limit + 1, after=last_seen(page))
    return page_of(found, page, lambda item: item.id)


async def list_counts(uow: UnitOfWork, *, page: PageRequest) -> Page[CountView]:
    found = await find_counts(uow.connection, limit=page.limit + 1, after=last_seen(page))
    return page_of(found, page, lambda item: item.id)


async def list_suppliers(uow: UnitOfWork, *, page: PageRequest) -> Page[SupplierView]:
    found = await find_suppliers(uow.connection, limit=page.limit + 1, after=last_seen(page))
    return page_of(found, page, lambda item: item.id)


async def list_purchases(
    uow: UnitOfWork, *, page: PageRequest, status: PurchaseStatus | None
) -> Page[PurchaseView]:
    found = await find_purchases(
        uow.connection, limit=page.limit + 1, after=last_seen(page), status=status
    )
    return page_of(found, page, lambda item: item.id)

"""Use cases of search."""

import asyncio
from uuid import UUID

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.commerce.search import repository
from bodega.commerce.search.adapters.index import IndexReader, IndexWriter
from bodega.commerce.search.domain import Entry
from bodega.contracts.catalog import Catalog, ProductView
from bodega.contracts.search import SearchHit
from bodega.kernel.ids import ProductId
from bodega.kernel.page import MAX_PAGE, PageRequest


async def request(uow: UnitOfWork, *, product_id: UUID | None) -> None:
    """Have the index learn one product anew, or with None the whole catalogue."""
    await repository.ask(uow.connection, product_id)


async def catch_up(uow: UnitOfWork, *, catalog: Catalog, writer: IndexWriter) -> int:
    """Bring the index to where the requests are; how many it served.

    The requests go only when the index has been written: after a crash they are served again,
    which changes nothing.
    """
    asked = await repository.lock_requests(uow.connection)
    missing = await asyncio.to_thread(lambda: writer.missing)
    if missing or any(item.product_id is None for item in asked):
        entries = await _everything(catalog)
        await asyncio.to_thread(writer.rebuild, entries)
    elif asked:
        ids = list({ProductId(item.product_id) for item in asked if item.product_id})
        entries = [_entry(product) for product in await catalog.products_by_id(ids)]
        await asyncio.to_thread(writer.update, ids, entries)
    await repository.forget(uow.connection, [item.id for item in asked])
    return len(asked)


async def _everything(catalog: Catalog) -> list[Entry]:
    entries: list[Entry] = []
    page = await catalog.products(PageRequest(limit=MAX_PAGE))
    entries += map(_entry, page.items)
    while page.next_cursor:
        page = await catalog.products(PageRequest(limit=MAX_PAGE, cursor=page.next_cursor))
        entries += map(_entry, page.items)
    return entries


def _entry(product: ProductView) -> Entry:
    return Entry(
        product_id=product.id,
        title=product.title,
        category=product.category or "",
        description=product.description,
        skus=" ".join(variant.sku for variant in product.variants),
    )


class SearchService:
    """Answers `bodega.contracts.search.Search`."""

    def __init__(self, context: Context) -> None:
        self._reader = IndexReader(context.settings.data_dir / "search")

    async def find(self, query: str, *, limit: int = 20) -> list[SearchHit]:
        found = await asyncio.to_thread(self._reader.find, query, limit)
        return [SearchHit(product_id=ProductId(item), score=score) for item, score in found]

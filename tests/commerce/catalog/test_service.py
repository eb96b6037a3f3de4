"""The Catalog contract against real rows."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.catalog.service import CatalogService
from bodega.contracts.catalog import ImportedProduct
from bodega.kernel.ids import ImportBatchId, ProductId, VariantId, new_id
from bodega.kernel.money import Money
from bodega.kernel.page import PageRequest
from bodega.kernel.quantity import PurchaseLimit
from tests.commerce.people import product, staff

BATCH = ImportBatchId(new_id())
FIRST = datetime(2010, 12, 1, tzinfo=UTC)


@pytest.fixture
def catalog(context: Context) -> CatalogService:
    return CatalogService(context)


def imported(key: str, *, title: str = "White Heart", days: int = 0) -> ImportedProduct:
    return ImportedProduct(
        id=ProductId(new_id()),
        variant_id=VariantId(new_id()),
        source_key=key,
        sku=key,
        title=title,
        description="",
        category=None,
        price=Money(amount=255, currency="GBP"),
        first_seen_at=FIRST + timedelta(days=days),
    )


async def load(catalog: CatalogService, *items: ImportedProduct) -> int:
    return await catalog.bulk_load(items, source="file", import_batch_id=BATCH)


async def payloads(context: Context) -> list[Any]:
    async with context.database.reading() as connection:
        query = text("SELECT type, payload FROM backbone.outbox ORDER BY id")
        return [tuple(row) for row in await connection.execute(query)]


async def test_an_import_again_adds_only_what_is_new_and_tells_once(
    context: Context, catalog: CatalogService
) -> None:
    first = imported("85123A")
    assert await load(catalog, first, imported("71053")) == 2
    assert await load(catalog, imported("85123A", title="Changed"), imported("84406B")) == 1
    page = await catalog.products(PageRequest(limit=10))
    assert sorted(item.variants[0].sku for item in page.items) == ["71053", "84406B", "85123A"]
    (known,) = await catalog.products_by_id([first.id])
    assert (known.title, known.variants[0].id) == ("White Heart", first.variant_id)
    told = [(kind, payload["rows"]) for kind, payload in await payloads(context)]
    assert told == [("catalog.import_completed", 2), ("catalog.import_completed", 1)]


async def test_an_import_brings_purchase_limits(catalog: CatalogService) -> None:
    two = imported("85123A").model_copy(update={"purchase_limit": PurchaseLimit(units=2, days=7)})
    await load(catalog, two, imported("71053"))
    known = await catalog.by_sku(["85123A", "71053"])
    assert (known["85123A"].purchase_limit, known["71053"].purchase_limit) == (
        PurchaseLimit(units=2, days=7), None
    )  # fmt: skip


async def test_imported_rows_carry_the_time_of_their_source(
    context: Context, catalog: CatalogService
) -> None:
    await load(catalog, imported("85123A", days=3))
    async with context.database.reading() as connection:
        row = (await connection.execute(text("SELECT * FROM catalog.products"))).one()
    assert row.occurred_at == row.known_at == FIRST + timedelta(days=3)
    assert row.ingested_at > FIRST + timedelta(days=365)
    assert (row.import_batch_id, row.source, row.source_key) == (BATCH, "file", "85123A")


async def test_products_come_in_the_order_asked_for(catalog: CatalogService) -> None:
    items = [imported(f"S{number}", days=number) for number in range(4)]
    await load(catalog, *items)
    wanted = [items[2].id, ProductId(uuid4()), items[0].id, items[3].id]
    found = await catalog.products_by_id(wanted)
    assert [item.id for item in found] == [items[2].id, items[0].id, items[3].id]
    assert await catalog.products_by_id([]) == []


async def test_a_variant_is_sellable_while_its_product_is_active(
    catalog: CatalogService, client: httpx.AsyncClient, settings: Settings, context: Context
) -> None:
    clerk = await staff(client, settings)
    made = await product(client, clerk, price=1250)
    variant_id = VariantId(UUID(made["variants"][0]["id"]))
    found = await catalog.sellable([variant_id, VariantId(uuid4())])
    assert list(found) == [variant_id]
    assert found[variant_id].active
    assert found[variant_id].price == Money(amount=1250, currency="GBP")
    at = f"/api/v1/admin/products/{made['id']}"
    await client.patch(at, json={"status": "archived"}, headers=clerk)
    assert not (await catalog.sellable([variant_id]))[variant_id].active
    changed = [item for kind, item in await payloads(context) if kind == "catalog.product_changed"]
    assert changed == [{"product_id": made["id"]}] * 2

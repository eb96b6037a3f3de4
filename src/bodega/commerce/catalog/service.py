"""Use cases of the catalogue."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from bodega.backbone.db import UnitOfWork
from bodega.backbone.desk import Desk
from bodega.backbone.module import Context
from bodega.commerce.catalog import repository
from bodega.commerce.catalog.domain import check_quantities, slugify
from bodega.commerce.catalog.errors import ProductNotFound, SkuTaken, SlugTaken, VariantNotFound
from bodega.commerce.catalog.schemas import NewProduct, ProductChange, VariantChange
from bodega.contracts.catalog import (
    ImportedProduct,
    ProductChanged,
    ProductsImported,
    ProductView,
    SellableVariant,
    SellingRules,
)
from bodega.kernel.commands import Command
from bodega.kernel.ids import ImportBatchId, ProductId, VariantId, new_id
from bodega.kernel.page import Page, PageRequest, encode_cursor
from bodega.kernel.quantity import PurchaseLimit

_LIFTED_BY_NULL = {"max_quantity", "purchase_limit"}


async def create_product(uow: UnitOfWork, *, new: NewProduct) -> ProductView:
    """Raises SlugTaken, SkuTaken, QuantitiesMalformed."""
    for variant in new.variants:
        check_quantities(
            least=variant.min_quantity, most=variant.max_quantity, in_all=variant.purchase_limit
        )
    product_id = ProductId(new_id())
    values = new.model_dump(exclude={"slug", "variants"})
    values |= {"id": product_id, "slug": new.slug or slugify(new.title)}
    if not await repository.insert_product(uow.connection, values):
        raise SlugTaken(f"Another product is called {values['slug']!r}")
    if not await repository.insert_variants(uow.connection, _variant_rows(product_id, new)):
        raise SkuTaken
    uow.emit(ProductChanged(product_id=product_id))
    return await _product(uow, product_id)


def _variant_rows(product_id: ProductId, new: NewProduct) -> list[dict[str, Any]]:
    return [
        {
            "id": new_id(),
            "product_id": product_id,
            "sku": variant.sku,
            "title": variant.title or new.title,
            "price_amount": variant.price.amount,
            "price_currency": variant.price.currency,
            "status": "active",
            **variant.model_dump(
                include={"weight_grams", "min_quantity", "max_quantity", "quantity_step"}
            ),
            **_limit_columns(variant.purchase_limit),
        }
        for variant in new.variants
    ]


def _limit_columns(limit: PurchaseLimit | None) -> dict[str, Any]:
    return {
        "purchase_limit": limit.units if limit else None,
        "purchase_limit_days": limit.days if limit else None,
    }


async def change_product(
    uow: UnitOfWork, *, product_id: ProductId, change: ProductChange
) -> ProductView:
    """Raises ProductNotFound."""
    changes = change.model_dump(exclude_unset=True, exclude_none=True)
    if changes and not await repository.update_product(uow.connection, product_id, changes):
        raise ProductNotFound
    uow.emit(ProductChanged(product_id=product_id))
    return await _product(uow, product_id)


async def change_variant(
    uow: UnitOfWork, *, product_id: ProductId, variant_id: VariantId, change: VariantChange
) -> ProductView:
    """Raises VariantNotFound, QuantitiesMalformed."""
    before = await repository.lock_variant(uow.connection, product_id, variant_id)
    if before is None:
        raise VariantNotFound
    changes = {
        name: value
        for name, value in change.model_dump(exclude_unset=True).items()
        if value is not None or name in _LIFTED_BY_NULL
    }
    if "purchase_limit" in changes:
        changes["purchase_limit"] = change.purchase_limit
    after = before.model_copy(update=changes)
    check_quantities(least=after.min_quantity, most=after.max_quantity, in_all=after.purchase_limit)
    if "purchase_limit" in changes:
        changes |= _limit_columns(after.purchase_limit)
    if (price := changes.pop("price", None)) is not None:
        changes |= {"price_amount": price["amount"], "price_currency": price["currency"]}
    if changes:
        await repository.update_variant(uow.connection, variant_id, changes)
    uow.emit(ProductChanged(product_id=product_id))
    return await _product(uow, product_id)


async def _product(uow: UnitOfWork, product_id: ProductId) -> ProductView:
    found = await repository.find_products(
        uow.connection, limit=1, ids=[product_id], any_status=True
    )
    if not found:
        raise ProductNotFound
    return found[0][0]


async def set_rules(uow: UnitOfWork, *, variant_id: VariantId, rules: SellingRules) -> SellingRules:
    """Raises VariantNotFound, QuantitiesMalformed."""
    product_id = await repository.product_of(uow.connection, variant_id)
    if product_id is None:
        raise VariantNotFound
    change = VariantChange.model_validate(rules.model_dump())
    await change_variant(uow, product_id=product_id, variant_id=variant_id, change=change)
    return rules


class AssortmentService(Desk):
    """Answers `bodega.contracts.catalog.Assortment`."""

    async def set_rules(
        self, command: Command, variant_id: VariantId, rules: SellingRules
    ) -> SellingRules:
        return await self._once(
            command,
            "catalog.set_rules",
            SellingRules,
            lambda uow: set_rules(uow, variant_id=variant_id, rules=rules),
        )


class CatalogService:
    """Answers `bodega.contracts.catalog.Catalog`."""

    def __init__(self, context: Context) -> None:
        self._database = context.database

    async def products(
        self, page: PageRequest, *, category: str | None = None
    ) -> Page[ProductView]:
        async with self._database.reading() as connection:
            found = await repository.find_products(
                connection, limit=page.limit + 1, category=category, after=page.after_instant()
            )
        shown = found[: page.limit]
        more = len(found) > page.limit
        cursor = encode_cursor(shown[-1][1], shown[-1][0].id) if more else None
        return Page(items=[product for product, _ in shown], next_cursor=cursor)

    async def product(self, slug: str) -> ProductView | None:
        async with self._database.reading() as connection:
            found = await repository.find_products(connection, limit=1, slug=slug)
        return found[0][0] if found else None

    async def products_by_id(self, product_ids: Sequence[ProductId]) -> list[ProductView]:
        if not product_ids:
            return []
        async with self._database.reading() as connection:
            found = await repository.find_products(
                connection, limit=len(product_ids), ids=product_ids
            )
        known: dict[UUID, ProductView] = {product.id: product for product, _ in found}
        return [known[item] for item in product_ids if item in known]

    async def sellable(self, variant_ids: Sequence[VariantId]) -> dict[VariantId, SellableVariant]:
        async with self._database.reading() as connection:
            found = await repository.find_sellable(connection, variant_ids)
        return {variant.id: variant for variant in found}

    async def by_sku(self, skus: Sequence[str]) -> dict[str, SellableVariant]:
        async with self._database.reading() as connection:
            found = await repository.find_by_sku(connection, skus)
        return {variant.sku: variant for variant in found}

    async def categories(self) -> list[str]:
        async with self._database.reading() as connection:
            return await repository.find_categories(connection)

    async def bulk_load(
        self,
        batch: Sequence[ImportedProduct],
        *,
        source: str,
        import_batch_id: ImportBatchId,
    ) -> int:
        async with self._database.work(actor=f"import:{source}") as uow:
            added = await repository.copy_products(
                uow.connection,
                (_product_row(item, source, import_batch_id) for item in batch),
                (_variant_row(item, source, import_batch_id) for item in batch),
            )
            uow.emit(ProductsImported(import_batch_id=import_batch_id, source=source, rows=added))
        return added


def _product_row(item: ImportedProduct, source: str, batch: ImportBatchId) -> Sequence[Any]:
    slug = f"{slugify(item.title)}-{slugify(item.sku)}"
    seen = item.first_seen_at
    return (
        item.id, slug, item.title, item.description, item.category, item.status, item.tax_class,
        seen, seen, batch, source, item.source_key,
    )  # fmt: skip


def _variant_row(item: ImportedProduct, source: str, batch: ImportBatchId) -> Sequence[Any]:
    seen, limit = item.first_seen_at, _limit_columns(item.purchase_limit)
    return (
        item.variant_id, item.id, item.sku, item.title, item.price.amount, item.price.currency,
        item.weight_grams, limit["purchase_limit"], limit["purchase_limit_days"],
        item.status, seen, seen, batch, source, item.source_key,
    )  # fmt: skip

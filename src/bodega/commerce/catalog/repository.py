"""Every query of the catalogue."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row, TextClause, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.backbone.bulk import copy_new
from bodega.commerce.catalog.tables import products, variants
from bodega.contracts.catalog import ProductView, SellableVariant, VariantView
from bodega.kernel.ids import ProductId, VariantId
from bodega.kernel.money import Money
from bodega.kernel.quantity import PurchaseLimit

_SELECT = """
    SELECT p.id, p.slug, p.title, p.description, p.category, p.image_url, p.status, p.occurred_at,
           p.tax_class,
           (SELECT jsonb_agg(jsonb_build_object(
                'id', v.id, 'sku', v.sku, 'title', v.title, 'status', v.status,
                'price', jsonb_build_object('amount', v.price_amount, 'currency', v.price_currency),
                'weight_grams', v.weight_grams, 'min_quantity', v.min_quantity,
                'max_quantity', v.max_quantity, 'quantity_step', v.quantity_step,
                'purchase_limit', CASE WHEN v.purchase_limit IS NOT NULL THEN jsonb_build_object(
                    'units', v.purchase_limit, 'days', v.purchase_limit_days) END
            ) ORDER BY v.id) FROM catalog.variants v WHERE v.product_id = p.id) AS variants
    FROM catalog.products p
"""
_SELLABLE = """
    SELECT v.id, v.product_id, p.slug, v.sku, p.title, v.price_amount, v.price_currency,
           v.weight_grams, v.min_quantity, v.max_quantity, v.quantity_step,
           v.purchase_limit, v.purchase_limit_days, p.category,
           p.tax_class, v.status = 'active' AND p.status = 'active' AS active
    FROM catalog.variants v JOIN catalog.products p ON p.id = v.product_id
"""
_OF_VARIANTS = text(f"{_SELLABLE} WHERE v.id = ANY(:which)")
_OF_SKUS = text(f"{_SELLABLE} WHERE v.sku = ANY(:which)")
# Only the conditions asked for enter the statement: each shape keeps its own index and plan.
_CONDITIONS = {
    "slug": "p.slug = :slug",
    "ids": "p.id = ANY(:ids)",
    "category": "p.category = :category",
    "after_at": "(p.occurred_at, p.id) < (:after_at, :after_id)",
}


@cache
def _listing(asked: frozenset[str], *, any_status: bool) -> TextClause:
    conditions = [condition for name, condition in _CONDITIONS.items() if name in asked]
    shown = conditions if any_status else ["p.status = 'active'", *conditions]
    where = f"WHERE {' AND '.join(shown)}" if shown else ""
    order = "ORDER BY p.occurred_at DESC, p.id DESC LIMIT :limit"
    return text(f"{_SELECT} {where} {order}")


def _product(row: Row[Any]) -> ProductView:
    return ProductView(
        id=row.id,
        slug=row.slug,
        title=row.title,
        description=row.description,
        category=row.category,
        image_url=row.image_url,
        status=row.status,
        tax_class=row.tax_class,
        variants=[VariantView.model_validate(item) for item in row.variants or []],
    )


async def find_products(
    connection: AsyncConnection,
    *,
    limit: int,
    slug: str | None = None,
    ids: Sequence[ProductId] | None = None,
    category: str | None = None,
    after: tuple[datetime, UUID] | None = None,
    any_status: bool = False,
) -> list[tuple[ProductView, str]]:
    """Products, newest first, each with its sort instant for the cursor."""
    after_at, after_id = after or (None, None)
    given = {
        "slug": slug,
        "ids": list(ids) if ids is not None else None,
        "category": category,
        "after_at": after_at,
        "after_id": after_id,
    }
    asked = {name: value for name, value in given.items() if value is not None}
    query = _listing(frozenset(asked), any_status=any_status)
    rows = await connection.execute(query, {**asked, "limit": limit})
    return [(_product(row), row.occurred_at.isoformat()) for row in rows]


async def find_sellable(
    connection: AsyncConnection, variant_ids: Iterable[VariantId]
) -> list[SellableVariant]:
    return await _sellable(connection, _OF_VARIANTS, variant_ids)


async def find_by_sku(connection: AsyncConnection, skus: Iterable[str]) -> list[SellableVariant]:
    return await _sellable(connection, _OF_SKUS, skus)


async def _sellable(
    connection: AsyncConnection, query: TextClause, which: Iterable[object]
) -> list[SellableVariant]:
    return [
        SellableVariant(
            id=row.id,
            product_id=row.product_id,
            slug=row.slug,
            sku=row.sku,
            title=row.title,
            price=Money(amount=row.price_amount, currency=row.price_currency),
            active=row.active,
            category=row.category,
            tax_class=row.tax_class,
            weight_grams=row.weight_grams,
            min_quantity=row.min_quantity,
            max_quantity=row.max_quantity,
            quantity_step=row.quantity_step,
            purchase_limit=_limit(row),
        )
        for row in await connection.execute(query, {"which": list(which)})
    ]


def _limit(row: Row[Any]) -> PurchaseLimit | None:
    if row.purchase_limit is None:
        return None
    return PurchaseLimit(units=row.purchase_limit, days=row.purchase_limit_days)


async def find_categories(connection: AsyncConnection) -> list[str]:
    query = (
        select(products.c.category)
        .where(products.c.status == "active", products.c.category.is_not(None))
        .distinct()
        .order_by(products.c.category)
    )
    return [row.category for row in await connection.execute(query)]


async def insert_product(connection: AsyncConnection, values: Mapping[str, Any]) -> bool:
    """False when the slug is taken."""
    statement = insert(products).values(values).on_conflict_do_nothing(index_elements=["slug"])
    return (await connection.execute(statement.returning(products.c.id))).first() is not None


async def insert_variants(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> bool:
    """False when a SKU is taken."""
    statement = insert(variants).on_conflict_do_nothing(index_elements=["sku"])
    inserted = await connection.execute(statement.values(list(rows)).returning(variants.c.id))
    return len(inserted.all()) == len(rows)


async def update_product(
    connection: AsyncConnection, product_id: ProductId, changes: Mapping[str, Any]
) -> bool:
    statement = (
        update(products).where(products.c.id == product_id).values(**changes, known_at=func.now())
    )
    return (await connection.execute(statement)).rowcount == 1


async def lock_variant(
    connection: AsyncConnection, product_id: ProductId, variant_id: VariantId
) -> VariantView | None:
    """The variant as it stands, until this transaction ends."""
    query = (
        select(variants)
        .where(variants.c.id == variant_id, variants.c.product_id == product_id)
        .with_for_update()
    )
    row = (await connection.execute(query)).first()
    if row is None:
        return None
    price = {"amount": row.price_amount, "currency": row.price_currency}
    found = {**row._mapping, "price": price, "purchase_limit": _limit(row)}
    return VariantView.model_validate(found)


async def product_of(connection: AsyncConnection, variant_id: VariantId) -> ProductId | None:
    query = select(variants.c.product_id).where(variants.c.id == variant_id)
    found = (await connection.execute(query)).scalar()
    return ProductId(found) if found else None


async def update_variant(
    connection: AsyncConnection, variant_id: VariantId, changes: Mapping[str, Any]
) -> None:
    await connection.execute(
        update(variants).where(variants.c.id == variant_id).values(**changes, known_at=func.now())
    )


_PRODUCT_COLUMNS = (
    "id slug title description category status tax_class occurred_at known_at"
    " import_batch_id source source_key"
)
_VARIANT_COLUMNS = (
    "id product_id sku title price_amount price_currency weight_grams purchase_limit"
    " purchase_limit_days status occurred_at known_at import_batch_id source source_key"
)


async def copy_products(
    connection: AsyncConnection,
    product_rows: Iterable[Sequence[Any]],
    variant_rows: Iterable[Sequence[Any]],
) -> int:
    """What is new is kept, what is known is left alone; the number of new products."""
    added = await copy_new(connection, "catalog.products", _PRODUCT_COLUMNS.split(), product_rows)
    await copy_new(connection, "catalog.variants", _VARIANT_COLUMNS.split(), variant_rows)
    return added

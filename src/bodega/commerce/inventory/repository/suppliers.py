"""Suppliers and what they offer."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.commerce.inventory.tables import offers, suppliers
from bodega.contracts.buying import OfferView, SupplierView
from bodega.kernel.ids import SupplierId
from bodega.kernel.money import Money


async def insert_supplier(connection: AsyncConnection, values: Mapping[str, Any]) -> bool:
    """False when the code is taken."""
    statement = insert(suppliers).values(**values).on_conflict_do_nothing()
    return (await connection.execute(statement.returning(suppliers.c.id))).first() is not None


async def update_supplier(
    connection: AsyncConnection, supplier_id: SupplierId, changes: Mapping[str, Any]
) -> bool:
    statement = update(suppliers).where(suppliers.c.id == supplier_id).values(**changes)
    return (await connection.execute(statement)).rowcount == 1


async def find_suppliers(
    connection: AsyncConnection, *, limit: int, after: UUID | None = None
) -> list[SupplierView]:
    """Newest first."""
    query = select(suppliers).order_by(suppliers.c.id.desc()).limit(limit)
    if after is not None:
        query = query.where(suppliers.c.id < after)
    rows = await connection.execute(query)
    return [SupplierView.model_validate(dict(row._mapping)) for row in rows]


async def find_supplier(
    connection: AsyncConnection, supplier_id: SupplierId
) -> SupplierView | None:
    query = select(suppliers).where(suppliers.c.id == supplier_id)
    row = (await connection.execute(query)).first()
    return SupplierView.model_validate(dict(row._mapping)) if row else None


async def put_offer(connection: AsyncConnection, offer: OfferView) -> None:
    """The supplier's offer of the variant, in place of an earlier one."""
    terms = {
        "cost_amount": offer.cost.amount,
        "cost_currency": offer.cost.currency,
        "pack_size": offer.pack_size,
        "min_quantity": offer.min_quantity,
        "preferred": offer.preferred,
    }
    key = {"supplier_id": offer.supplier_id, "variant_id": offer.variant_id}
    statement = insert(offers).values(**key, **terms)
    await connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=terms))


async def find_offers(
    connection: AsyncConnection,
    supplier_id: SupplierId,
    variant_ids: Iterable[UUID] | None = None,
) -> list[OfferView]:
    """A supplier's offers, by variant."""
    query = select(offers).where(offers.c.supplier_id == supplier_id)
    if variant_ids is not None:
        query = query.where(offers.c.variant_id.in_(list(variant_ids)))
    return [
        OfferView(
            supplier_id=row.supplier_id,
            variant_id=row.variant_id,
            cost=Money(amount=row.cost_amount, currency=row.cost_currency),
            pack_size=row.pack_size,
            min_quantity=row.min_quantity,
            preferred=row.preferred,
        )
        for row in await connection.execute(query.order_by(offers.c.variant_id))
    ]

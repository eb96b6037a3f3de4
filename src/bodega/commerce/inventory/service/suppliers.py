"""Suppliers and what they offer."""

from bodega.backbone.db import UnitOfWork
from bodega.commerce.inventory.errors import SupplierCodeTaken, SupplierNotFound
from bodega.commerce.inventory.repository import suppliers as repository
from bodega.contracts.buying import (
    NewSupplier,
    Offer,
    OfferView,
    SupplierChange,
    SupplierView,
)
from bodega.kernel.ids import SupplierId, VariantId, new_id


async def create_supplier(uow: UnitOfWork, *, new: NewSupplier) -> SupplierView:
    """Raises SupplierCodeTaken."""
    supplier_id = SupplierId(new_id())
    if not await repository.insert_supplier(
        uow.connection, {"id": supplier_id, **new.model_dump()}
    ):
        raise SupplierCodeTaken(f"There is a supplier {new.code!r} already")
    return await known_supplier(uow, supplier_id)


async def change_supplier(
    uow: UnitOfWork, *, supplier_id: SupplierId, change: SupplierChange
) -> SupplierView:
    """Raises SupplierNotFound."""
    sent = change.model_dump(exclude_unset=True)
    changes = {key: value for key, value in sent.items() if value is not None or key == "email"}
    if changes:
        await repository.update_supplier(uow.connection, supplier_id, changes)
    return await known_supplier(uow, supplier_id)


async def put_offer(
    uow: UnitOfWork, *, supplier_id: SupplierId, variant_id: VariantId, offer: Offer
) -> OfferView:
    """Raises SupplierNotFound."""
    await known_supplier(uow, supplier_id)
    fresh = OfferView(supplier_id=supplier_id, variant_id=variant_id, **offer.model_dump())
    await repository.put_offer(uow.connection, fresh)
    return fresh


async def known_supplier(uow: UnitOfWork, supplier_id: SupplierId) -> SupplierView:
    """Raises SupplierNotFound."""
    found = await repository.find_supplier(uow.connection, supplier_id)
    if found is None:
        raise SupplierNotFound
    return found


async def offers_of(uow: UnitOfWork, supplier_id: SupplierId) -> list[OfferView]:
    """Raises SupplierNotFound."""
    await known_supplier(uow, supplier_id)
    return await repository.find_offers(uow.connection, supplier_id)

"""HTTP of suppliers, purchase orders and what should be ordered."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, status

from bodega.backbone.container import Container
from bodega.backbone.http.deps import PageQuery, Staff, Work, container, provided
from bodega.backbone.http.router import admin_router
from bodega.commerce.inventory.service import purchases, suppliers
from bodega.commerce.inventory.service.lists import list_purchases, list_suppliers
from bodega.commerce.inventory.service.suggestions import Outlook, draft_suggested
from bodega.contracts.buying import (
    Delivery,
    NewPurchase,
    NewSupplier,
    Offer,
    OfferView,
    PurchaseStatus,
    PurchaseView,
    SupplierChange,
    SupplierView,
)
from bodega.contracts.warehouse import Suggestion, Warehouse
from bodega.kernel.clock import SystemClock
from bodega.kernel.ids import PurchaseId, SupplierId, VariantId
from bodega.kernel.page import Page

supplier_router = admin_router("inventory", "/suppliers")
purchase_router = admin_router("inventory", "/purchase-orders")
suggestion_router = admin_router("inventory", "/purchase-suggestions")

Limit = Annotated[int, Query(ge=1, le=1000)]
Answers = Annotated[Container, Depends(container)]
_clock = SystemClock()


@supplier_router.get("")
async def get_suppliers(who: Staff, uow: Work, page: PageQuery) -> Page[SupplierView]:
    return await list_suppliers(uow, page=page)


@supplier_router.post("", status_code=status.HTTP_201_CREATED)
async def create_supplier(who: Staff, uow: Work, new: NewSupplier) -> SupplierView:
    return await suppliers.create_supplier(uow, new=new)


@supplier_router.patch("/{supplier_id}")
async def change_supplier(
    who: Staff, uow: Work, supplier_id: SupplierId, change: SupplierChange
) -> SupplierView:
    return await suppliers.change_supplier(uow, supplier_id=supplier_id, change=change)


@supplier_router.get("/{supplier_id}/offers")
async def get_offers(who: Staff, uow: Work, supplier_id: SupplierId) -> list[OfferView]:
    return await suppliers.offers_of(uow, supplier_id)


@supplier_router.put("/{supplier_id}/offers/{variant_id}")
async def put_offer(
    who: Staff, uow: Work, supplier_id: SupplierId, variant_id: VariantId, offer: Offer
) -> OfferView:
    return await suppliers.put_offer(
        uow, supplier_id=supplier_id, variant_id=variant_id, offer=offer
    )


@purchase_router.get("")
async def get_purchases(
    who: Staff,
    uow: Work,
    page: PageQuery,
    state: Annotated[PurchaseStatus | None, Query(alias="status")] = None,
) -> Page[PurchaseView]:
    return await list_purchases(uow, page=page, status=state)


@purchase_router.get("/{purchase_id}")
async def get_purchase(who: Staff, uow: Work, purchase_id: PurchaseId) -> PurchaseView:
    return await purchases.known_purchase(uow, purchase_id)


@purchase_router.post("", status_code=status.HTTP_201_CREATED)
async def draft_purchase(who: Staff, uow: Work, new: NewPurchase) -> PurchaseView:
    return await purchases.draft_purchase(uow, clock=_clock, new=new)


@purchase_router.post("/{purchase_id}/order")
async def order_purchase(who: Staff, uow: Work, purchase_id: PurchaseId) -> PurchaseView:
    return await purchases.order_purchase(uow, clock=_clock, purchase_id=purchase_id)


@purchase_router.post("/{purchase_id}/receipts", status_code=status.HTTP_201_CREATED)
async def receive_purchase(
    who: Staff, uow: Work, purchase_id: PurchaseId, delivery: Delivery
) -> PurchaseView:
    """All of it, or a part."""
    return await purchases.receive_purchase(
        uow, clock=_clock, purchase_id=purchase_id, delivery=delivery
    )


@purchase_router.post("/{purchase_id}/close")
async def close_purchase(who: Staff, uow: Work, purchase_id: PurchaseId) -> PurchaseView:
    """No more will come of it."""
    return await purchases.close_purchase(uow, clock=_clock, purchase_id=purchase_id)


@purchase_router.post("/{purchase_id}/cancel")
async def cancel_purchase(who: Staff, uow: Work, purchase_id: PurchaseId) -> PurchaseView:
    """Before anything came of it."""
    return await purchases.cancel_purchase(uow, clock=_clock, purchase_id=purchase_id)


@suggestion_router.get("")
async def get_suggestions(
    who: Staff, books: Annotated[Warehouse, provided(Warehouse)], limit: Limit = 100
) -> list[Suggestion]:
    """What should be ordered now, the most urgent first."""
    return await books.suggestions(limit=limit)


@suggestion_router.post("/drafts", status_code=status.HTTP_201_CREATED)
async def draft_suggestions(
    who: Staff, uow: Work, request: Request, answers: Answers, limit: Limit = 100
) -> list[PurchaseView]:
    """A draft for each supplier and location; what no supplier offers is left out."""
    outlook = Outlook.of(request.app.state.settings, answers)
    return await draft_suggested(uow, clock=_clock, outlook=outlook, limit=limit)


ROUTERS: list[APIRouter] = [supplier_router, purchase_router, suggestion_router]

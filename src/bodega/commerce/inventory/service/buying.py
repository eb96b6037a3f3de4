"""Who answers `bodega.contracts.buying.Buying`."""

from collections.abc import Awaitable, Callable

from bodega.backbone.db import UnitOfWork
from bodega.backbone.desk import Desk
from bodega.backbone.module import Context
from bodega.commerce.inventory.service import lists, purchases, suppliers
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
from bodega.kernel.commands import Command
from bodega.kernel.ids import PurchaseId, SupplierId, VariantId
from bodega.kernel.page import Page, PageRequest


class BuyingService(Desk):
    """Answers `bodega.contracts.buying.Buying`."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._context = context

    async def suppliers(self, page: PageRequest) -> Page[SupplierView]:
        return await self._read(lambda uow: lists.list_suppliers(uow, page=page))

    async def supplier(self, supplier_id: SupplierId) -> SupplierView:
        return await self._read(lambda uow: suppliers.known_supplier(uow, supplier_id))

    async def create_supplier(self, command: Command, new: NewSupplier) -> SupplierView:
        return await self._once(
            command,
            "inventory.create_supplier",
            SupplierView,
            lambda uow: suppliers.create_supplier(uow, new=new),
        )

    async def change_supplier(
        self, command: Command, supplier_id: SupplierId, change: SupplierChange
    ) -> SupplierView:
        return await self._once(
            command,
            "inventory.change_supplier",
            SupplierView,
            lambda uow: suppliers.change_supplier(uow, supplier_id=supplier_id, change=change),
        )

    async def offers(self, supplier_id: SupplierId) -> list[OfferView]:
        return await self._read(lambda uow: suppliers.offers_of(uow, supplier_id))

    async def put_offer(
        self, command: Command, supplier_id: SupplierId, variant_id: VariantId, offer: Offer
    ) -> OfferView:
        return await self._once(
            command,
            "inventory.put_offer",
            OfferView,
            lambda uow: suppliers.put_offer(
                uow, supplier_id=supplier_id, variant_id=variant_id, offer=offer
            ),
        )

    async def purchases(
        self, page: PageRequest, *, status: PurchaseStatus | None = None
    ) -> Page[PurchaseView]:
        return await self._read(lambda uow: lists.list_purchases(uow, page=page, status=status))

    async def purchase(self, purchase_id: PurchaseId) -> PurchaseView:
        return await self._read(lambda uow: purchases.known_purchase(uow, purchase_id))

    async def draft(self, command: Command, new: NewPurchase) -> PurchaseView:
        return await self._purchase(
            command,
            "draft",
            lambda uow: purchases.draft_purchase(uow, clock=self._clock, new=new),
        )

    async def draft_suggested(self, command: Command, *, limit: int = 100) -> list[PurchaseView]:
        outlook = Outlook.of(self._context.settings, self._context.container)
        return await self._once(
            command,
            "inventory.draft_suggested",
            list[PurchaseView],
            lambda uow: draft_suggested(uow, clock=self._clock, outlook=outlook, limit=limit),
        )

    async def order(self, command: Command, purchase_id: PurchaseId) -> PurchaseView:
        return await self._purchase(
            command,
            "order",
            lambda uow: purchases.order_purchase(uow, clock=self._clock, purchase_id=purchase_id),
        )

    async def receive(
        self, command: Command, purchase_id: PurchaseId, delivery: Delivery
    ) -> PurchaseView:
        return await self._purchase(
            command,
            "receive",
            lambda uow: purchases.receive_purchase(
                uow, clock=self._clock, purchase_id=purchase_id, delivery=delivery
            ),
        )

    async def close(self, command: Command, purchase_id: PurchaseId) -> PurchaseView:
        return await self._purchase(
            command,
            "close",
            lambda uow: purchases.close_purchase(uow, clock=self._clock, purchase_id=purchase_id),
        )

    async def cancel(self, command: Command, purchase_id: PurchaseId) -> PurchaseView:
        return await self._purchase(
            command,
            "cancel",
            lambda uow: purchases.cancel_purchase(uow, clock=self._clock, purchase_id=purchase_id),
        )

    async def _purchase(
        self, command: Command, verb: str, work: Callable[[UnitOfWork], Awaitable[PurchaseView]]
    ) -> PurchaseView:
        return await self._once(command, f"inventory.{verb}_purchase", PurchaseView, work)

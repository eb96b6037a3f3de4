"""What should be ordered: from reorder points and the moving average of what was promised."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from bodega.backbone.db import UnitOfWork
from bodega.backbone.settings import Settings
from bodega.commerce.inventory.domain import order_quantity, reorder_point
from bodega.commerce.inventory.repository.demand import Connection, Shelf, find_needs
from bodega.commerce.inventory.service.purchases import draft_purchase
from bodega.contracts.buying import NewPurchase, PurchaseView, PurchaseWish
from bodega.contracts.warehouse import Suggestion
from bodega.kernel.clock import Clock
from bodega.kernel.ids import LocationId, SupplierId, VariantId
from bodega.kernel.quantity import MAX_QUANTITY

_TENTH = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Outlook:
    """Days of sales to look back on, days a delivery should last, days one takes if nobody says."""

    demand_days: int
    cover_days: int
    lead_days: int

    @classmethod
    def of(cls, settings: Settings) -> "Outlook":
        return cls(
            settings.inventory_demand_days,
            settings.inventory_cover_days,
            settings.inventory_lead_days,
        )


async def suggest(
    connection: Connection, *, now: datetime, outlook: Outlook, limit: int
) -> list[Suggestion]:
    """The most urgent first: those that fell deepest below their reorder point."""
    since = now - timedelta(days=outlook.demand_days)
    shelves = await find_needs(
        connection, since=since, days=outlook.demand_days, lead_days=outlook.lead_days
    )
    found = [_suggestion(shelf, outlook) for shelf in shelves]
    wanted = [item for item in found if item.quantity]
    return sorted(wanted, key=lambda item: item.position - item.reorder_point)[:limit]


def _suggestion(shelf: Shelf, outlook: Outlook) -> Suggestion:
    need, terms = shelf.need, shelf.terms
    daily = Decimal(need.promised) / need.days
    return Suggestion(
        variant_id=VariantId(shelf.variant_id),
        location_id=shelf.location_id,
        location=shelf.location,
        supplier_id=shelf.supplier_id,
        supplier=shelf.supplier,
        position=need.position,
        on_order=shelf.on_order,
        daily=daily.quantize(_TENTH, rounding=ROUND_HALF_EVEN),
        reorder_point=reorder_point(need, terms),
        quantity=order_quantity(need, terms, cover_days=outlook.cover_days),
    )


async def draft_suggested(
    uow: UnitOfWork, *, clock: Clock, outlook: Outlook, limit: int
) -> list[PurchaseView]:
    """A draft for each supplier and location that something is suggested from and for."""
    groups: dict[tuple[SupplierId, LocationId], list[Suggestion]] = {}
    for item in await suggest(uow.connection, now=clock.now(), outlook=outlook, limit=limit):
        if item.supplier_id is not None:
            groups.setdefault((item.supplier_id, item.location_id), []).append(item)
    return [
        await draft_purchase(uow, clock=clock, new=_draft(supplier_id, location_id, items))
        for (supplier_id, location_id), items in groups.items()
    ]


def _draft(
    supplier_id: SupplierId, location_id: LocationId, items: Sequence[Suggestion]
) -> NewPurchase:
    return NewPurchase(
        supplier_id=supplier_id,
        location_id=location_id,
        lines=[
            PurchaseWish(variant_id=item.variant_id, quantity=min(item.quantity, MAX_QUANTITY))
            for item in items
        ],
        note="suggested",
    )

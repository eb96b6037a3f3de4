"""What should be ordered: from reorder points and what is wanted a day, as a forecast has it, or
as the moving average of what was promised says."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal
from uuid import UUID

from bodega.backbone.container import Container
from bodega.backbone.db import UnitOfWork
from bodega.backbone.settings import Settings
from bodega.backbone.telemetry.logs import get_logger
from bodega.commerce.inventory.domain import Need, order_quantity, reorder_point
from bodega.commerce.inventory.repository.demand import Connection, Shelf, find_needs
from bodega.commerce.inventory.service.purchases import draft_purchase
from bodega.contracts.buying import NewPurchase, PurchaseView, PurchaseWish
from bodega.contracts.forecast import DemandForecast, Forecasts
from bodega.contracts.warehouse import Suggestion
from bodega.kernel.clock import Clock
from bodega.kernel.errors import Unavailable
from bodega.kernel.ids import LocationId, SupplierId, VariantId
from bodega.kernel.quantity import MAX_QUANTITY

_TENTH = Decimal("0.1")
log = get_logger(__name__)


Key = tuple[UUID, str]


@dataclass(frozen=True, slots=True)
class Outlook:
    """Days of sales to look back on, days a delivery should last, days one takes if nobody says;
    who knows what will be wanted, if anybody does."""

    demand_days: int
    cover_days: int
    lead_days: int
    forecasts: Forecasts | None = None

    @classmethod
    def of(cls, settings: Settings, container: Container) -> "Outlook":
        return cls(
            settings.inventory_demand_days,
            settings.inventory_cover_days,
            settings.inventory_lead_days,
            container.get(Forecasts) if Forecasts in container else None,
        )


async def suggest(
    connection: Connection, *, now: datetime, outlook: Outlook, limit: int
) -> list[Suggestion]:
    """The most urgent first: those that fell deepest below their reorder point."""
    since = now - timedelta(days=outlook.demand_days)
    shelves = await find_needs(
        connection, since=since, days=outlook.demand_days, lead_days=outlook.lead_days
    )
    expected = await _expected(shelves, outlook)
    found = [_suggestion(shelf, outlook, expected) for shelf in shelves]
    wanted = [item for item in found if item.quantity]
    return sorted(wanted, key=lambda item: item.position - item.reorder_point)[:limit]


async def _expected(shelves: Sequence[Shelf], outlook: Outlook) -> dict[Key, DemandForecast]:
    """By shelf: a variant's forecast is shared out as its sales were, evenly where it had none.
    Nothing where nobody forecasts, or not in time."""
    if outlook.forecasts is None or not shelves:
        return {}
    variants = list(dict.fromkeys(VariantId(shelf.variant_id) for shelf in shelves))
    days = max(shelf.terms.lead_days for shelf in shelves) + outlook.cover_days
    try:
        told = await outlook.forecasts.demand(variants, days=days)
    except Unavailable as error:
        log.warning("forecast_unavailable", reason=error.code)
        return {}
    return _shared(shelves, told)


def _shared(
    shelves: Sequence[Shelf], told: Mapping[VariantId, DemandForecast]
) -> dict[Key, DemandForecast]:
    sold: Counter[VariantId] = Counter()
    places: Counter[VariantId] = Counter()
    for shelf in shelves:
        sold[VariantId(shelf.variant_id)] += shelf.need.promised
        places[VariantId(shelf.variant_id)] += 1
    shares: dict[Key, DemandForecast] = {}
    for shelf in shelves:
        variant_id = VariantId(shelf.variant_id)
        forecast = told.get(variant_id)
        if forecast is not None:
            part = Decimal(1) / places[variant_id]
            if sold[variant_id]:
                part = Decimal(shelf.need.promised) / sold[variant_id]
            shares[shelf.variant_id, shelf.location] = forecast.model_copy(
                update={"daily": forecast.daily * part}
            )
    return shares


def _foreseen(need: Need, forecast: DemandForecast) -> Need:
    """As if so many had been promised as will be wanted, in whole units, rounded up."""
    units = (forecast.daily * need.days).to_integral_value(rounding=ROUND_CEILING)
    return replace(need, promised=int(units))


def _suggestion(
    shelf: Shelf, outlook: Outlook, expected: Mapping[Key, DemandForecast]
) -> Suggestion:
    need, terms = shelf.need, shelf.terms
    forecast = expected.get((shelf.variant_id, shelf.location))
    if forecast is not None:
        need = _foreseen(need, forecast)
    daily = forecast.daily if forecast else Decimal(need.promised) / need.days
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
        basis=forecast.model if forecast else "average",
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

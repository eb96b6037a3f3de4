"""Purchase orders: drafted, ordered, received in parts, closed when no more will come."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from bodega.backbone.db import UnitOfWork
from bodega.commerce.inventory.domain import Change, may_purchase
from bodega.commerce.inventory.errors import (
    CostUnclear,
    OfferMissing,
    PurchaseNotFound,
    PurchaseState,
    SupplierInactive,
)
from bodega.commerce.inventory.repository import purchases as repository
from bodega.commerce.inventory.repository.levels import lock_levels, open_levels
from bodega.commerce.inventory.repository.suppliers import find_offers
from bodega.commerce.inventory.service.moves import move
from bodega.commerce.inventory.service.stock import open_code_of
from bodega.commerce.inventory.service.suppliers import known_supplier
from bodega.commerce.inventory.service.transfers import by_variant, check_expected
from bodega.contracts.buying import (
    Delivery,
    NewPurchase,
    PurchaseLine,
    PurchaseStatus,
    PurchaseView,
    PurchaseWish,
)
from bodega.contracts.inventory import PurchaseOrdered
from bodega.kernel.clock import Clock
from bodega.kernel.ids import PurchaseId, SupplierId, new_id
from bodega.kernel.money import Money

_ENDED = ("received", "closed", "cancelled")


async def draft_purchase(uow: UnitOfWork, *, clock: Clock, new: NewPurchase) -> PurchaseView:
    """Raises SupplierNotFound, SupplierInactive, LocationNotFound, LocationClosed, OfferMissing,
    CostUnclear."""
    if not (await known_supplier(uow, new.supplier_id)).active:
        raise SupplierInactive
    purchase_id = PurchaseId(new_id())
    values = {
        "id": purchase_id,
        "supplier_id": new.supplier_id,
        "location": await open_code_of(uow, new.location_id),
        "status": "draft",
        "expected_on": new.expected_on,
        "note": new.note,
        "actor": uow.actor,
        "created_at": clock.now(),
    }
    lines = await _priced(uow, new.supplier_id, new.lines)
    await repository.insert_purchase(uow.connection, values, lines)
    return await known_purchase(uow, purchase_id)


async def _priced(
    uow: UnitOfWork, supplier_id: SupplierId, wishes: Sequence[PurchaseWish]
) -> list[PurchaseLine]:
    """A line a variant; its cost as stated, else as offered."""
    units = {wish.variant_id: 0 for wish in wishes}
    costs: dict[UUID, Money] = {
        offer.variant_id: offer.cost
        for offer in await find_offers(uow.connection, supplier_id, units)
    }
    stated: dict[UUID, Money] = {}
    for wish in wishes:
        units[wish.variant_id] += wish.quantity
        if wish.cost is not None and stated.setdefault(wish.variant_id, wish.cost) != wish.cost:
            raise CostUnclear(variant_id=str(wish.variant_id))
    costs |= stated
    missing = [variant_id for variant_id in units if variant_id not in costs]
    if missing:
        raise OfferMissing(variant_ids=[str(variant_id) for variant_id in missing])
    return [
        PurchaseLine(variant_id=variant_id, quantity=count, received=0, cost=costs[variant_id])
        for variant_id, count in units.items()
    ]


async def order_purchase(uow: UnitOfWork, *, clock: Clock, purchase_id: PurchaseId) -> PurchaseView:
    """The order goes out. Raises PurchaseNotFound, PurchaseState."""
    purchase = await _turn(uow, clock=clock, purchase_id=purchase_id, to="ordered")
    uow.emit(
        PurchaseOrdered(
            purchase_id=purchase.id, number=purchase.number, supplier_id=purchase.supplier_id
        )
    )
    return purchase


async def cancel_purchase(
    uow: UnitOfWork, *, clock: Clock, purchase_id: PurchaseId
) -> PurchaseView:
    """Before anything came of it. Raises PurchaseNotFound, PurchaseState."""
    return await _turn(uow, clock=clock, purchase_id=purchase_id, to="cancelled")


async def close_purchase(uow: UnitOfWork, *, clock: Clock, purchase_id: PurchaseId) -> PurchaseView:
    """No more will come of it. Raises PurchaseNotFound, PurchaseState."""
    return await _turn(uow, clock=clock, purchase_id=purchase_id, to="closed")


async def receive_purchase(
    uow: UnitOfWork, *, clock: Clock, purchase_id: PurchaseId, delivery: Delivery
) -> PurchaseView:
    """Units enter the location at their cost. Raises PurchaseNotFound, PurchaseState,
    MoreThanExpected."""
    purchase = await _locked(uow, purchase_id)
    units = by_variant(delivery.lines)
    outstanding: dict[UUID, int] = {
        line.variant_id: line.quantity - line.received for line in purchase.lines
    }
    whole = sum(units.values()) == sum(outstanding.values())
    status: PurchaseStatus = "received" if whole else "partially_received"
    _check_turn(purchase, status)
    check_expected(units, outstanding)
    await _shelve(uow, clock=clock, purchase=purchase, units=units)
    values = {
        "purchase_id": purchase_id,
        "note": delivery.note,
        "actor": uow.actor,
        "received_at": clock.now(),
    }
    await repository.insert_receipt(uow.connection, values, units)
    return await _turn(uow, clock=clock, purchase_id=purchase_id, to=status)


async def _shelve(
    uow: UnitOfWork, *, clock: Clock, purchase: PurchaseView, units: Mapping[UUID, int]
) -> None:
    await open_levels(uow.connection, units, purchase.location)
    levels = await lock_levels(uow.connection, units, today=clock.now().date())
    costs: dict[UUID, Money] = {line.variant_id: line.cost for line in purchase.lines}
    changes = [
        Change(
            variant_id,
            purchase.location,
            quantity=quantity,
            unit_cost_amount=costs[variant_id].amount,
            unit_cost_currency=costs[variant_id].currency,
        )
        for variant_id, quantity in units.items()
    ]
    move(
        uow,
        at=clock.now(),
        levels=levels,
        changes=changes,
        reason="purchased",
        reference_id=purchase.id,
    )


async def _turn(
    uow: UnitOfWork, *, clock: Clock, purchase_id: PurchaseId, to: PurchaseStatus
) -> PurchaseView:
    _check_turn(await _locked(uow, purchase_id), to)
    values: dict[str, object] = {"status": to}
    if to == "ordered":
        values["ordered_at"] = clock.now()
    if to in _ENDED:
        values["ended_at"] = clock.now()
    await repository.update_purchase(uow.connection, purchase_id, values)
    return await known_purchase(uow, purchase_id)


def _check_turn(purchase: PurchaseView, to: PurchaseStatus) -> None:
    if not may_purchase(purchase.status, to):
        raise PurchaseState(
            f"Purchase order {purchase.number} is {purchase.status}, not to be {to}"
        )


async def _locked(uow: UnitOfWork, purchase_id: PurchaseId) -> PurchaseView:
    found = await repository.find_purchase(uow.connection, purchase_id, lock=True)
    if found is None:
        raise PurchaseNotFound
    return found


async def known_purchase(uow: UnitOfWork, purchase_id: PurchaseId) -> PurchaseView:
    """Raises PurchaseNotFound."""
    found = await repository.find_purchase(uow.connection, purchase_id)
    if found is None:
        raise PurchaseNotFound
    return found

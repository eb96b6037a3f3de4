"""Every change of a level: the ledger's row, the events, and the alarm when little is left."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from bodega.backbone.db import UnitOfWork
from bodega.commerce.inventory.domain import Change, Level, Spot
from bodega.commerce.inventory.repository import levels as repository
from bodega.contracts.inventory import StockChanged, StockLow, StockPromised
from bodega.kernel.ids import CheckoutId, VariantId


def move(
    uow: UnitOfWork,
    *,
    at: datetime,
    levels: Mapping[Spot, Level],
    changes: Sequence[Change],
    reason: str,
    reference_id: UUID | None = None,
    alarm: bool = True,
) -> None:
    """Change `levels`, which the caller has locked. A spot comes once in `changes`."""
    repository.move(
        uow.connection,
        changes,
        reason=reason,
        reference_id=reference_id,
        at=at,
        actor=uow.actor,
    )
    for change in changes:
        _tell(uow, change, reason=reason, reference_id=reference_id)
        if alarm:
            _warn(uow, change, levels[change.spot])


def promised(taken: Iterable[tuple[Spot, int]], *, sign: int = 1) -> list[Change]:
    """Promises by spot, added up; `sign` -1 lets them go."""
    units: dict[Spot, int] = {}
    for spot, quantity in taken:
        units[spot] = units.get(spot, 0) + sign * quantity
    return [Change(*spot, promised=quantity) for spot, quantity in sorted(units.items())]


def _tell(uow: UnitOfWork, change: Change, *, reason: str, reference_id: UUID | None) -> None:
    variant_id = VariantId(change.variant_id)
    if change.quantity:
        uow.emit(
            StockChanged(
                variant_id=variant_id,
                quantity=change.quantity,
                reason=reason,
                location=change.location,
            )
        )
    elif change.promised:
        uow.emit(
            StockPromised(
                variant_id=variant_id,
                quantity=change.promised,
                reason=reason,
                location=change.location,
                checkout_id=CheckoutId(reference_id) if reference_id else None,
            )
        )


def _warn(uow: UnitOfWork, change: Change, before: Level) -> None:
    """Once, when the units left cross the reorder point downwards."""
    was = before.on_hand - before.allocated
    left = was + change.quantity - change.promised
    if left <= before.reorder_point < was:
        uow.emit(
            StockLow(
                variant_id=VariantId(change.variant_id),
                location=change.location,
                left=left,
                reorder_point=before.reorder_point,
            )
        )

"""An order is placed, and goes from status to status; each step with its history."""

from uuid import UUID

from bodega.backbone.db import UnitOfWork
from bodega.commerce.orders.domain.lines import line_total, subtotal, tax_total
from bodega.commerce.orders.domain.status import may_become
from bodega.commerce.orders.errors import AmountDiffers
from bodega.commerce.orders.repository import history, orders
from bodega.contracts.orders import (
    OrderPlaced,
    OrderStatus,
    PlacedOrder,
    PlaceOrder,
    SoldLine,
)
from bodega.kernel.ids import OrderId


async def place(uow: UnitOfWork, *, request: PlaceOrder) -> PlacedOrder:
    """Raises AmountDiffers when the lines do not add up to the total."""
    currency = request.total.currency
    if line_total(request.lines, currency) != request.total:
        raise AmountDiffers("The lines do not add up to the total")
    placed = await orders.insert_order(
        uow.connection, request, subtotal=subtotal(request.lines, currency), actor=uow.actor
    )
    if placed is None:
        known = await orders.lock_by_checkout(uow.connection, request.checkout_id)
        assert known is not None
        return PlacedOrder(order_id=known.id, number=known.number)
    uow.emit(_placed(placed, request))
    return placed


def _placed(placed: PlacedOrder, request: PlaceOrder) -> OrderPlaced:
    return OrderPlaced(
        order_id=placed.order_id,
        number=placed.number,
        checkout_id=request.checkout_id,
        cart_id=request.cart_id,
        customer_id=request.customer_id,
        lines=[
            SoldLine(
                product_id=line.product_id,
                variant_id=line.variant_id,
                quantity=line.quantity,
                total=line.total,
            )
            for line in request.lines
        ],
        total=request.total,
        tax=tax_total(request.lines, request.total.currency),
    )


async def move(
    uow: UnitOfWork,
    order_id: OrderId,
    before: OrderStatus,
    *path: OrderStatus,
    kind: str | None = None,
    reason: str | None = None,
    reference: UUID | None = None,
) -> None:
    """From one status to another, or to several one after another; an entry of its own where the
    status stays. Raises ValueError for a step the machine does not know."""
    standing = before
    for after in path:
        moved = after != standing
        if moved and not may_become(standing, after):
            raise ValueError(f"an order never goes from {standing} to {after}")
        history.add_entry(
            uow.connection,
            order_id,
            kind or after,
            actor=uow.actor,
            before=standing if moved else None,
            after=after if moved else None,
            reason=reason,
            reference=reference,
        )
        standing = after
    if standing != before:
        orders.set_status(uow.connection, order_id, standing)

"""The cart's reactions to checkouts."""

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context, Handler
from bodega.commerce.cart import service
from bodega.contracts.checkout import CheckoutCompleted, CheckoutHeld
from bodega.kernel.events import Envelope


async def close_ordered(
    context: Context,
    uow: UnitOfWork,
    _envelope: Envelope,
    event: CheckoutCompleted | CheckoutHeld,
) -> None:
    """An order that waits for a review has left the cart too."""
    units = {taken.variant_id: taken.quantity for taken in event.units or ()}
    await service.close_ordered(
        context, uow, cart_id=event.cart_id, order_id=event.order_id, units=units
    )


HANDLERS: list[Handler] = [
    Handler("cart.close_ordered", (CheckoutCompleted, CheckoutHeld), close_ordered)
]

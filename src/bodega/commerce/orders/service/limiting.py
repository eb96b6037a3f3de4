"""Purchase limits that staff pass when they add goods to an order: told, never refused."""

from collections.abc import Mapping
from datetime import timedelta

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.commerce.orders.repository import bought
from bodega.contracts.catalog import Catalog
from bodega.contracts.orders import OrderView
from bodega.kernel.ids import VariantId


async def limits_passed(
    context: Context, uow: UnitOfWork, order: OrderView, more: Mapping[VariantId, int]
) -> list[str]:
    """A sentence for each limit that `more` units bring the order's buyer over. Asked of orders
    alone: what the buyer is just buying besides is not known here."""
    wanted = [variant for variant, units in more.items() if units > 0]
    if not wanted:
        return []
    known = await context.container.get(Catalog).sellable(wanted)
    limited = {
        variant.id: variant.purchase_limit for variant in known.values() if variant.purchase_limit
    }
    if not limited:
        return []
    now = context.clock.now()
    since = {
        variant: now - timedelta(days=limit.days) if limit.days else None
        for variant, limit in limited.items()
    }
    units = dict(more)
    for found in await bought.find_units(
        uow.connection, customer_id=order.customer_id, email=order.email, since=since
    ):
        units[found.variant_id] += found.units
    return [
        f"{known[variant].title}: this buyer has {units[variant]} then, the limit is {limit}"
        for variant, limit in limited.items()
        if units[variant] > limit.units
    ]

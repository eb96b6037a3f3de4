"""Lines of an order that was edited."""

from collections.abc import Sequence

from sqlalchemy import delete, func, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.commerce.orders.tables import order_lines, orders
from bodega.contracts.orders import OrderLine, OrderView
from bodega.kernel.address import Address
from bodega.kernel.ids import OrderId, new_id
from bodega.kernel.money import Money

_LAST = text("SELECT coalesce(max(position), 0) FROM orders.order_lines WHERE order_id = :id")


async def replace_lines(
    connection: AsyncConnection, order: OrderView, after: Sequence[OrderLine]
) -> None:
    """Lines that are gone are deleted, new ones (without an id) come last."""
    kept = {line.id: line for line in after if line.id is not None}
    gone = [line.id for line in order.lines if line.id not in kept]
    if gone:
        await connection.execute(delete(order_lines).where(order_lines.c.id.in_(gone)))
    for line in order.lines:
        if line.id in kept and kept[line.id] != line:
            values = {**_amounts(kept[line.id]), "known_at": func.now()}
            await connection.execute(
                update(order_lines).where(order_lines.c.id == line.id).values(values)
            )
    added = [line for line in after if line.id is None]
    if added:
        last: int = (await connection.execute(_LAST, {"id": order.id})).scalar_one()
        rows = [_row(order.id, last + at, line) for at, line in enumerate(added, start=1)]
        await connection.execute(order_lines.insert(), rows)


def _amounts(line: OrderLine) -> dict[str, object]:
    return {
        "quantity": line.quantity,
        "total_amount": line.total.amount,
        "discount_amount": line.discount.amount if line.discount else None,
        "tax_amount": line.tax.amount if line.tax else None,
    }


def _row(order_id: OrderId, position: int, line: OrderLine) -> dict[str, object]:
    return {
        "id": new_id(),
        "order_id": order_id,
        "position": position,
        "kind": line.kind,
        "product_id": line.product_id,
        "variant_id": line.variant_id,
        "sku": line.sku,
        "title": line.title,
        "unit_price_amount": line.unit_price.amount,
        "currency": line.total.currency,
        "tax_rate": line.tax_rate,
        "tax_included": line.tax_included,
        **_amounts(line),
    }


async def change_order(
    connection: AsyncConnection,
    order_id: OrderId,
    *,
    subtotal: Money,
    total: Money,
    address: Address | None,
) -> None:
    values: dict[str, object] = {
        "subtotal_amount": subtotal.amount,
        "total_amount": total.amount,
        "known_at": func.now(),
    }
    if address is not None:
        values["shipping_address"] = address.model_dump(mode="json")
    await connection.execute(update(orders).where(orders.c.id == order_id).values(values))

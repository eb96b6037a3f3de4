"""Every query of the cart."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.commerce.cart.domain import Basket, Line
from bodega.commerce.cart.tables import carts, lines
from bodega.kernel.ids import CartId, UserId


async def find_basket(
    connection: AsyncConnection, cart_id: CartId, *, lock: bool = False
) -> Basket | None:
    """A cart and its lines in the order they came; `lock` holds it until the transaction ends."""
    query = select(carts).where(carts.c.id == cart_id)
    row = (await connection.execute(query.with_for_update() if lock else query)).first()
    if row is None:
        return None
    inside = select(lines).where(lines.c.cart_id == cart_id).order_by(lines.c.position)
    found = [Line(line.variant_id, line.quantity) for line in await connection.execute(inside)]
    return Basket(row.id, row.customer_id, row.status, row.version, found)


async def open_cart(
    connection: AsyncConnection, *, fresh_id: UUID, customer_id: UserId | None
) -> CartId:
    """A new cart; for a customer who has an open one, that one."""
    statement = insert(carts).values(id=fresh_id, customer_id=customer_id, status="open")
    statement = statement.on_conflict_do_update(
        index_elements=["customer_id"],
        index_where=text("status = 'open' AND customer_id IS NOT NULL"),
        set_={"updated_at": func.now()},
    )
    return CartId((await connection.execute(statement.returning(carts.c.id))).scalar_one())


async def put_line(connection: AsyncConnection, cart_id: CartId, line: Line) -> None:
    """Set a line's quantity; 0 removes it."""
    if line.quantity == 0:
        where = (lines.c.cart_id == cart_id) & (lines.c.variant_id == line.variant_id)
        await connection.execute(delete(lines).where(where))
        return
    statement = insert(lines).values(cart_id=cart_id, **line._asdict())
    statement = statement.on_conflict_do_update(
        index_elements=["cart_id", "variant_id"], set_={"quantity": line.quantity}
    )
    await connection.execute(statement)


async def put_lines(connection: AsyncConnection, cart_id: CartId, wanted: Sequence[Line]) -> None:
    for line in wanted:
        await put_line(connection, cart_id, line)


async def touch(connection: AsyncConnection, cart_id: CartId) -> None:
    """The next version."""
    await connection.execute(
        update(carts)
        .where(carts.c.id == cart_id)
        .values(version=carts.c.version + 1, updated_at=func.now())
    )


async def give(connection: AsyncConnection, cart_id: CartId, customer_id: UserId) -> None:
    """To a customer whose open cart was closed before."""
    statement = update(carts).where(carts.c.id == cart_id).values(customer_id=customer_id)
    await connection.execute(statement)


async def close_merged(connection: AsyncConnection, cart_id: CartId) -> None:
    """What was in it lives on in another cart."""
    await _close(connection, cart_id, "merged")


async def close_ordered(connection: AsyncConnection, cart_id: CartId) -> None:
    """A cart that is ordered already, or is not known, is left alone."""
    await _close(connection, cart_id, "ordered")


async def _close(connection: AsyncConnection, cart_id: CartId, status: str) -> None:
    statement = update(carts).where(carts.c.id == cart_id, carts.c.status != "ordered")
    moved = {"version": carts.c.version + 1, "updated_at": func.now()}
    await connection.execute(statement.values(status=status, **moved))


async def delete_abandoned(connection: AsyncConnection, before: datetime) -> None:
    """Guests' open carts and merged ones that nobody touched since an instant."""
    guests = (carts.c.status == "open") & carts.c.customer_id.is_(None)
    abandoned = guests | (carts.c.status == "merged")
    await connection.execute(delete(carts).where(abandoned, carts.c.updated_at < before))

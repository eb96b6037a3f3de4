"""Every query of search."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.commerce.search.tables import requests

BATCH = 1000


class Asked(NamedTuple):
    """What the index has yet to learn; a `product_id` of None is the whole catalogue."""

    id: int
    product_id: UUID | None


async def ask(connection: AsyncConnection, product_id: UUID | None) -> None:
    await connection.execute(requests.insert().values(product_id=product_id))


async def lock_requests(connection: AsyncConnection) -> list[Asked]:
    """The oldest, held until the transaction ends; those another worker holds are left to it."""
    query = select(requests).order_by(requests.c.id).limit(BATCH)
    rows = await connection.execute(query.with_for_update(skip_locked=True))
    return [Asked(row.id, row.product_id) for row in rows]


async def forget(connection: AsyncConnection, done: list[int]) -> None:
    await connection.execute(delete(requests).where(requests.c.id.in_(done)))

"""Every query of search."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.commerce.search.tables import requests

BATCH = 1000
_OLDEST = text(
    "SELECT id, product_id FROM search.requests ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED"
)
_FORGET = text("DELETE FROM search.requests WHERE id = ANY(:done)")


class Asked(NamedTuple):
    """What the index has yet to learn; a `product_id` of None is the whole catalogue."""

    id: int
    product_id: UUID | None


async def ask(connection: AsyncConnection, product_id: UUID | None) -> None:
    await connection.execute(requests.insert().values(product_id=product_id))


async def lock_requests(connection: AsyncConnection) -> list[Asked]:
    """The oldest, held until the transaction ends; those another worker holds are left to it."""
    rows = await connection.execute(_OLDEST, {"limit": BATCH})
    return [Asked(row.id, row.product_id) for row in rows]


async def forget(connection: AsyncConnection, done: list[int]) -> None:
    if done:
        await connection.execute(_FORGET, {"done": done})

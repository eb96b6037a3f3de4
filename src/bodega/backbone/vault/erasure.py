"""Erasing a person: the key goes, and what is copied again of before stays without one."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.backbone.vault.tables import aliases, keys


async def erase(connection: AsyncConnection, wanted: Sequence[str], *, now: datetime) -> int:
    """Drop the keys of whoever is known by any of the aliases; how many keys there were. Every
    alias of these persons, and those given, remember when. In the caller's transaction."""
    found = await connection.execute(
        select(aliases.c.key_id).where(aliases.c.alias.in_(wanted), aliases.c.key_id.is_not(None))
    )
    key_ids = sorted({row.key_id for row in found})
    await connection.execute(
        update(aliases).where(aliases.c.key_id.in_(key_ids)).values(key_id=None, erased_at=now)
    )
    if wanted:
        marks = insert(aliases).values([{"alias": alias, "erased_at": now} for alias in wanted])
        await connection.execute(
            marks.on_conflict_do_update(
                index_elements=["alias"], set_={"key_id": None, "erased_at": now}
            )
        )
    await connection.execute(delete(keys).where(keys.c.id.in_(key_ids)))
    return len(key_ids)

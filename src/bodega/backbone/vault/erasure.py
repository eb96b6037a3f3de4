"""Erasing a person: the key goes, and what is copied again of before stays without one."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bodega.backbone.vault.keys import AliasKey, MasterKeys
from bodega.backbone.vault.tables import alias_keys, aliases, keys


async def alias_key(connection: AsyncConnection, masters: MasterKeys) -> AliasKey:
    """The key of this shop's aliases, made when it is asked for first, in the caller's
    transaction. Raises WrongMasterKey."""
    wrapped = await connection.scalar(select(alias_keys.c.wrapped))
    if wrapped is None:
        mails = select(aliases.c.alias).where(aliases.c.alias.startswith("mail:"))
        exist = await connection.scalar(select(mails.exists()))
        made = AliasKey.first(masters, aliases_exist=bool(exist))
        row = {"id": 1, "wrapped": masters.wrap(made.secret), "master": masters.name}
        await connection.execute(insert(alias_keys).values(row).on_conflict_do_nothing())
        wrapped = await connection.scalar(select(alias_keys.c.wrapped))
    assert wrapped is not None
    return AliasKey(masters.unwrap(wrapped))


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

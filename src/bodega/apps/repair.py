"""Rows that were set aside, anywhere, and driving them again: for the command line and serving."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bodega.apps.sources import declared, mapped
from bodega.backbone.settings import Settings
from bodega.data.lake.storage import LakeRoot
from bodega.data.quality.dead import dead_rows
from bodega.data.quality.followed import FollowedPolicy
from bodega.data.quality.redrive import Driven, Repair, redrive

EVENT = "event:"


def set_aside(
    settings: Settings,
    *,
    table: str | None = None,
    reason: str | None = None,
    since: datetime | None = None,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """Dead rows of the lake, personal values left out."""
    lake = LakeRoot.of(settings)
    policy = FollowedPolicy(lake, settings.quality_file).current
    found = dead_rows(lake, table=table, reason=reason, since=since, limit=limit)
    return [
        {
            "id": row.id,
            "table": row.table,
            "layer": row.layer,
            "since": row.since.isoformat(),
            "reason": row.reason,
            "origin": row.origin,
            "row": row.shown(policy),
        }
        for row in found
    ]


def parked_rows(*, reason: str | None, since: datetime | None, limit: int) -> list[dict[str, Any]]:
    """Events that handlers failed on, while the database answers."""
    import asyncio

    from bodega.backbone.events.parked import ParkedEvent

    async def read() -> list[ParkedEvent]:
        from bodega.apps.supervise.environment import connected_settings
        from bodega.backbone.db import Database
        from bodega.backbone.events.parked import list_parked

        database = Database(connected_settings())
        try:
            async with database.reading() as connection:
                return await list_parked(connection, limit=limit)
        finally:
            await database.close()

    try:
        found = asyncio.run(read())
    except Exception:  # no shop runs, or it does not answer: the lake's rows are shown anyway
        return []
    return [
        {
            "id": f"{EVENT}{one.consumer}:{one.event.envelope.event_id}",
            "table": f"event:{one.event.envelope.type}",
            "layer": "events",
            "since": one.parked_at.isoformat(),
            "reason": one.error or f"waits behind an earlier event of its key ({one.state})",
            "origin": one.consumer,
            "row": {"key": str(one.event.envelope.key)},
        }
        for one in found
        if (reason is None or reason.lower() in (one.error or "").lower())
        and (since is None or one.parked_at >= since)
    ]


def drive_again(settings: Settings, ids: Sequence[str], repair: Repair) -> list[Driven]:
    """Rows of the lake, with the mappings over them built anew; parked events are tried again."""
    events = [id for id in ids if id.startswith(EVENT)]
    rows = [id for id in ids if not id.startswith(EVENT)]
    done = [*_events(events, repair)]
    if rows:
        file = declared(settings)
        driven = redrive(LakeRoot.of(settings), file, rows, repair)
        done += driven
        moved = {one.id.partition(":")[0] for one in driven if one.outcome == "driven"}
        for name, mapping in file.every_mapping().items():
            if moved & {origin.stream.replace(".", "__", 1) for origin in mapping.origins}:
                mapped(settings, name)
    return done


def _events(ids: Sequence[str], repair: Repair) -> list[Driven]:
    """As `bodega events replay`: from the head of the key on."""
    if not ids:
        return []
    import asyncio
    from uuid import UUID

    async def write() -> list[Driven]:
        from bodega.apps.supervise.environment import connected_settings
        from bodega.backbone.db import Database
        from bodega.backbone.events.stuck import StuckEvents, StuckUnknown

        database = Database(connected_settings())
        stuck, done = StuckEvents(database), []
        try:
            for id in ids:
                consumer, _, event_id = id.removeprefix(EVENT).rpartition(":")
                try:
                    one = await stuck.show(consumer=consumer, event_id=UUID(event_id))
                except (StuckUnknown, ValueError):
                    done.append(Driven(id, "already"))
                    continue
                key = one.parked.event.envelope.key
                await stuck.replay(actor=repair.by, why=repair.why, consumer=consumer, key=key)
                done.append(Driven(id, "driven"))
            return done
        finally:
            await database.close()

    return asyncio.run(write())

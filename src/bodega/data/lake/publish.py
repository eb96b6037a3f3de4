"""Publishing: changed partitions of gold go to Delta, then one file names the new set.

A crash anywhere before that last step leaves readers on the old set; the next publishing compares
with what the pointer names and writes again what is missing.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import duckdb

from bodega.data.lake import policy as policies
from bodega.data.lake.delta import tidy
from bodega.data.lake.paths import GOLD, SILVER
from bodega.data.lake.published import (
    Published,
    PublishedTable,
    read_published,
)
from bodega.data.lake.rewrite import (
    GoldTable,
    among,
    bytes_written,
    intact,
    overwrite,
    overwrite_partitions,
)
from bodega.data.lake.sets import ReadersHeld, advance, forget_sets, remember_set
from bodega.data.lake.storage import LakeRoot, Place, at

__all__ = ["GoldTable", "gold_tables", "publish", "vacuum"]


def publish(
    con: duckdb.DuckDBPyConnection,
    lake: Place,
    tables: Sequence[GoldTable],
    *,
    known_at: datetime | None,
    position: int | None,
    now: datetime | None = None,
    touched: Collection[str] | None = None,
    mapped: Mapping[str, PublishedTable] | None = None,
    rewrite: Mapping[str, Collection[date]] | None = None,
    parts: Mapping[str, Collection[str]] | None = None,
) -> dict[str, list[str]]:
    """Write what differs from the published set and move the pointer. Only `touched` tables can
    differ, all when None; `mapped` are silver of declared sources, which were written already.
    Days that `rewrite` names per table are written whether they differ or not. Of tables in `parts`
    only these partitions can differ. What was lost is written again, where it is come across.

    Returns the partitions written per table. With nothing changed only `known_at` and `position`
    move on, so that readers know how far the numbers reach. Raises ReadersHeld.
    """
    now = now or datetime.now(UTC)
    root = at(lake)
    before = read_published(root)
    if before.held:
        raise ReadersHeld
    after: dict[str, PublishedTable] = {}
    written: dict[str, list[str]] = {}
    for table in tables:
        known = before.tables.get(table.name)
        if known is not None and touched is not None and table.name not in touched:
            after[table.name] = known
            continue
        asked = frozenset((rewrite or {}).get(table.name, ()))
        only = None if known is None else (parts or {}).get(table.name)
        if known is not None and touched is None and not intact(root, table, known.version):
            known = None
        after[table.name], changed = _write(con, root, table, known, now, asked=asked, only=only)
        if changed:
            written[table.name] = changed
    named = before.mapped if mapped is None else mapped
    changed_at = now if written or named != before.mapped else before.published_at or now
    published = Published(
        tables=after,
        mapped=named,
        published_at=changed_at,
        known_at=known_at or before.known_at,
        position=position if position is not None else before.position,
    )
    advance(root, published)
    if changed_at is now:
        remember_set(root, published)
    return written


def vacuum(lake: Place, policy: policies.LayerPolicy = policies.GOLD) -> int:
    """Drop files that no version of the last hours needs; what readers see is always kept."""
    root = at(lake)
    dropped = 0
    published = read_published(root)
    for layer, tables in ((GOLD, published.tables), (SILVER, published.mapped)):
        for name, table in tables.items():
            dropped += tidy(root.delta(f"{layer}/{name}"), policy, keep=[table.version])
    forget_sets(root, older_than_hours=policy.keep_hours)
    return dropped


def _write(
    con: duckdb.DuckDBPyConnection,
    root: LakeRoot,
    table: GoldTable,
    before: PublishedTable | None,
    now: datetime,
    *,
    asked: frozenset[date],
    only: Collection[str] | None,
) -> tuple[PublishedTable, list[str]]:
    columns = _columns(con, table)
    whole = before is None or before.columns != columns or before.partition_by != table.partition_by
    prints = _fingerprints(con, table, list(columns), None if whole else only)
    if before is not None and only is not None and not whole:
        prints = {part: p for part, p in before.prints.items() if part not in only} | prints
    again = {f"{day:%Y-%m}" for day in asked}
    if before is not None and not whole and before.prints == prints and not again & set(prints):
        return before, []
    if before is not None and not intact(root, table, before.version):
        before, whole = None, True
        prints = _fingerprints(con, table, list(columns), None)
    if whole or table.partition_by is None:
        changed = sorted(prints)
        overwrite(con, root, table)
    else:
        assert before is not None
        changed = sorted(
            part
            for part in {*prints, *before.prints}
            if prints.get(part) != before.prints.get(part) or part in again
        )
        overwrite_partitions(con, root, table, changed=changed, readers=before, asked=asked)
    delta = root.delta(table.path)
    published = PublishedTable(
        version=delta.version(),
        rows=sum(int(one.partition("-")[0]) for one in prints.values()),
        written_bytes=bytes_written(root, table, delta, before.version if before else None),
        columns=columns,
        partition_by=table.partition_by,
        prints=prints,
        updated_at=now,
    )
    return published, changed


def _columns(con: duckdb.DuckDBPyConnection, table: GoldTable) -> dict[str, str]:
    described = con.execute(f"describe {table.relation}").fetchall()
    return {row[0]: row[1] for row in described}


def _fingerprints(
    con: duckdb.DuckDBPyConnection,
    table: GoldTable,
    columns: Sequence[str],
    only: Collection[str] | None,
) -> dict[str, str]:
    """Per partition, or `only` of these: how many rows and the order-free sum of their hashes."""
    part = f'"{table.partition_by}"' if table.partition_by else "''"
    row = ", ".join(f'"{name}"' for name in columns)
    found = con.execute(
        f"select {part}, count(*), sum(cast(hash({row}) as hugeint)) "
        f"from {table.relation} where {among(part, only)} group by 1"
    ).fetchall()
    return {str(p): f"{count}-{total}" for p, count, total in found}


def gold_tables(nodes: Mapping[str, Any]) -> list[GoldTable]:
    """The models of a dbt manifest that are marked `meta: {publish: true}`."""
    marked = [
        node
        for node in nodes.values()
        if node.resource_type == "model" and node.config.meta.get("publish")
    ]
    return sorted(
        (
            GoldTable(
                node.name,
                node.config.meta.get("partition_by"),
                day=node.config.meta.get("day"),
                follows=node.config.meta.get("follows"),
            )
            for node in marked
        ),
        key=lambda table: table.name,
    )

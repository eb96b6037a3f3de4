"""The round that keeps the lake tidy, by the policy of each layer, and what it finds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bodega.data.lake.archive import INSIDE, archive
from bodega.data.lake.delta import count_small, tidy
from bodega.data.lake.paths import ARCHIVED, BRONZE, GOLD
from bodega.data.lake.policy import LayerPolicy
from bodega.data.lake.publish import vacuum
from bodega.data.lake.published import read_published
from bodega.data.lake.storage import LakeRoot


@dataclass(frozen=True, slots=True)
class TableState:
    """One Delta table: its files now, those that wait to be dropped, the months in the archive."""

    table: str
    version: int
    files: int
    small_files: int
    megabytes: float
    partitions: int
    droppable: int
    archived_months: int


@dataclass(frozen=True, slots=True)
class Cared:
    """What a round did."""

    dropped: int
    archived: Mapping[str, list[str]]


def bronze_tables(root: LakeRoot) -> list[str]:
    """What begins with `_` or `.` beside them is the feed's and the archive's own."""
    names = [name for name in root.names(BRONZE) if name[0] not in "_."]
    return [name for name in names if root.is_delta(f"{BRONZE}/{name}")]


def care(
    root: LakeRoot,
    kept: Mapping[str, LayerPolicy],
    archive_url: str | None = None,
    *,
    bronze_files: bool = False,
) -> Cared:
    """Tidy gold and archive old months of bronze. Files of bronze are joined by whoever appends
    to it, when it has a quiet moment; `bronze_files` does it here."""
    cold = root.beside(archive_url or root.uri(INSIDE))
    archived, dropped = {}, 0
    for name in bronze_tables(root):
        months = archive(root, name, kept["bronze"], cold)
        if months:
            archived[name] = months
        if bronze_files:
            dropped += tidy(root.delta(f"{BRONZE}/{name}"), kept["bronze"])
    return Cared(dropped + vacuum(root, kept["gold"]), archived)


def survey(root: LakeRoot, kept: Mapping[str, LayerPolicy]) -> list[TableState]:
    """Every Delta table of the lake as it lies there; nothing is changed."""
    gold = [f"{GOLD}/{name}" for name in sorted(read_published(root).tables)]
    bronze = [f"{BRONZE}/{name}" for name in bronze_tables(root)]
    return [_state(root, path, kept[path.split("/")[0]]) for path in [*bronze, *gold]]


def _state(root: LakeRoot, path: str, policy: LayerPolicy) -> TableState:
    table = root.delta(path)
    actions = table.get_add_actions(flatten=True)
    sizes = actions.column("size_bytes").to_pylist()
    by = table.metadata().partition_columns
    droppable = table.vacuum(
        retention_hours=policy.keep_hours, enforce_retention_duration=False, dry_run=True
    )
    cold = root.read_json(f"{ARCHIVED}/{path.split('/')[1]}.json") if "bronze" in path else None
    return TableState(
        table=path.replace("/", "."),
        version=table.version(),
        files=len(sizes),
        small_files=count_small(table, policy),
        megabytes=round(sum(sizes) / 2**20, 2),
        partitions=_partitions(actions, by),
        droppable=len(droppable),
        archived_months=len((cold or {}).get("months", {})),
    )


def _partitions(actions: Any, by: list[str]) -> int:
    """1 for a table without partitions."""
    columns = [actions.column(f"partition.{name}").to_pylist() for name in by]
    return len(set(zip(*columns, strict=True))) if by else 1

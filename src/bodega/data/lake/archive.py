"""Months of bronze that nobody builds on day by day move to cold storage, and stay replayable.

Files are copied first, then named in `bronze/_archived/<table>.json`, then taken out of the table.
A month that the table still holds is read from the table: a crash between two steps doubles
nothing and loses nothing, and the next round goes on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bodega.data.lake.paths import ARCHIVED, BRONZE
from bodega.data.lake.policy import MONTH, LayerPolicy
from bodega.data.lake.storage import LakeRoot


@dataclass(frozen=True, slots=True)
class ColdFile:
    """A file of the archive; `highest` is the highest position in it, None when untold."""

    month: str
    uri: str
    rows: int
    highest: int | None


def cold_files(root: LakeRoot, table: str, hot_months: Sequence[str]) -> list[ColdFile]:
    """The archived files of `table`, without months that it still holds itself."""
    said = root.read_json(f"{ARCHIVED}/{table}.json") or {}
    return [
        ColdFile(month, file["uri"], file["rows"], file["highest"])
        for month, files in sorted(said.get("months", {}).items())
        if month not in hot_months
        for file in files
    ]


def archive(
    root: LakeRoot,
    table: str,
    policy: LayerPolicy,
    cold: LakeRoot,
    *,
    now: datetime | None = None,
) -> list[str]:
    """Move the months of a bronze table that are older than the policy says; which they were."""
    delta = root.delta(f"{BRONZE}/{table}")
    if not policy.archive_days or MONTH not in delta.metadata().partition_columns:
        return []
    limit = (now or datetime.now(UTC)) - timedelta(days=policy.archive_days)
    last = limit.strftime("%Y-%m")
    files = [file for file in _files(delta) if file["month"] < last]
    months = sorted({file["month"] for file in files})
    for month in months:
        _copy(root, cold, table, month, [file for file in files if file["month"] == month])
    if months:
        take_out(delta, months)
    return months


def take_out(delta: Any, months: Sequence[str]) -> int:
    """Months leave the table; appends of others meanwhile stand. How many months it were."""
    listed = ", ".join(f"'{month}'" for month in months)
    delta.delete(f"{MONTH} in ({listed})")
    return len(months)


def _files(delta: Any) -> list[dict[str, Any]]:
    found = delta.get_add_actions(flatten=True)
    columns = {name: found.column(name).to_pylist() for name in found.schema.names}
    untold = [None] * len(columns["path"])
    highest = columns.get("max._position", untold)
    rows = columns.get("num_records", untold)
    return [
        {"path": path, "month": month, "rows": count, "highest": at}
        for path, month, count, at in zip(
            columns["path"], columns[f"partition.{MONTH}"], rows, highest, strict=True
        )
    ]


def _copy(
    root: LakeRoot, cold: LakeRoot, table: str, month: str, files: list[dict[str, Any]]
) -> None:
    place = f"{ARCHIVED}/{table}.json"
    said = root.read_json(place) or {"months": {}}
    copied = []
    for file in files:
        there = f"{table}/{month}/{file['path'].rsplit('/', 1)[-1]}"
        root.copy_out(f"{BRONZE}/{table}/{file['path']}", cold, there)
        copied.append({"uri": cold.uri(there), "rows": file["rows"], "highest": file["highest"]})
    root.write_json(place, {"months": {**said["months"], month: copied}})

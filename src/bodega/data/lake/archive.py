"""Months of bronze that nobody builds on day by day move to cold storage, and stay replayable.

Files are copied first, then named in `bronze/_archived/<table>.json` with a number, then taken out
of the table by a commit that records the number. A named file counts once that commit is there: a
crash between two steps doubles nothing and loses nothing, and the next round goes on.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deltalake import CommitProperties, Transaction
from deltalake.exceptions import CommitFailedError

from bodega.data.lake.paths import ARCHIVED, BRONZE
from bodega.data.lake.policy import MONTH, LayerPolicy
from bodega.data.lake.storage import LakeRoot

if TYPE_CHECKING:
    from deltalake import DeltaTable

INSIDE = "archive"
_APPLICATION = "bodega_archive:"


@dataclass(frozen=True, slots=True)
class ColdFile:
    """A file of the archive; `highest` is the highest position in it, None when untold."""

    month: str
    uri: str
    rows: int
    highest: int | None


def cold_files(root: LakeRoot, table: str, delta: "DeltaTable") -> list[ColdFile]:
    """The archived files of `table`, as far as the table no longer holds their rows itself."""
    said = root.read_json(f"{ARCHIVED}/{table}.json") or {}
    return [
        ColdFile(month, _found(root, file["uri"]), file["rows"], file["highest"])
        for month, files in sorted(said.get("months", {}).items())
        for file in _taken_out(files, delta, month)
    ]


def _found(root: LakeRoot, uri: str) -> str:
    """An archive inside the lake moves with it: its files are named from there. Those that are
    named by a folder the lake has left since are found by the end of their names."""
    if not uri.startswith("/") and "://" not in uri:
        return root.uri(uri)
    inside = root.uri("/".join((INSIDE, *uri.split("/")[-3:])))
    left = root.is_local and uri != inside and uri.startswith("/") and not Path(uri).exists()
    return inside if left else uri


def _taken_out(
    files: Sequence[dict[str, Any]], delta: "DeltaTable", month: str
) -> list[dict[str, Any]]:
    last = delta.transaction_version(_APPLICATION + month) or 0
    return [file for file in files if file["round"] <= last]


def archive(
    root: LakeRoot,
    table: str,
    policy: LayerPolicy,
    cold: LakeRoot,
    *,
    now: datetime | None = None,
) -> list[str]:
    """Move the months of a bronze table that are older than the policy says; which they were. A
    month whose files somebody joins at that moment waits for the next round."""
    delta = root.delta(f"{BRONZE}/{table}")
    if not policy.archive_days or MONTH not in delta.metadata().partition_columns:
        return []
    limit = (now or datetime.now(UTC)) - timedelta(days=policy.archive_days)
    last = limit.strftime("%Y-%m")
    files = [file for file in _files(delta) if file["month"] < last]
    moved = []
    for month in sorted({file["month"] for file in files}):
        chosen = [file for file in files if file["month"] == month]
        number = (delta.transaction_version(_APPLICATION + month) or 0) + 1
        told = root.read_json(f"{ARCHIVED}/{table}.json") or {"months": {}}
        kept = _taken_out(told["months"].get(month, []), delta, month)
        copied = [_copied(root, cold, table, file, number) for file in chosen]
        named = {"months": {**told["months"], month: [*kept, *copied]}}
        root.write_json(f"{ARCHIVED}/{table}.json", named)
        with suppress(CommitFailedError):
            take_out(delta, month, number)
            moved.append(month)
    return moved


def take_out(delta: "DeltaTable", month: str, number: int) -> None:
    """A month leaves the table; appends of others meanwhile stand."""
    taken = CommitProperties(app_transactions=[Transaction(_APPLICATION + month, number)])
    delta.delete(f"{MONTH} = '{month}'", commit_properties=taken)


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


def _copied(
    root: LakeRoot, cold: LakeRoot, table: str, file: dict[str, Any], number: int
) -> dict[str, Any]:
    """What the archive says of a file, once it is there."""
    there = f"{table}/{file['month']}/{file['path'].rsplit('/', 1)[-1]}"
    root.copy_out(f"{BRONZE}/{table}/{file['path']}", cold, there)
    told = {"rows": file["rows"], "highest": file["highest"], "round": number}
    uri = (
        f"{INSIDE}/{there}" if cold.uri(there) == root.uri(f"{INSIDE}/{there}") else cold.uri(there)
    )
    return {"uri": uri, **told}

"""What readers see: the Delta versions that `published/current.json` names, and no others."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel

from bodega.data.lake.errors import LakeUnavailable
from bodega.data.lake.paths import CURRENT, GOLD
from bodega.data.lake.storage import LakeRoot


class PublishedTable(BaseModel):
    """`prints` are the fingerprints of its partitions; '' is the whole of a table without."""

    version: int
    rows: int
    columns: dict[str, str]
    partition_by: str | None = None
    prints: dict[str, str]
    updated_at: datetime


class Published(BaseModel):
    """One consistent set of gold tables. `known_at` is the commit time of the newest change in it,
    `position` the source position up to which it is complete."""

    tables: Mapping[str, PublishedTable] = {}
    published_at: datetime | None = None
    known_at: datetime | None = None
    position: int | None = None


def lake_folder(root: str) -> Path:
    """The lake as a folder. Raises LakeUnavailable for an object store: gold is not there yet."""
    if not LakeRoot(root).is_local:
        raise LakeUnavailable(root, "gold is built and read in a folder; unset BODEGA_LAKE_URL")
    return Path(root)


def pointer(lake: Path) -> Path:
    return lake / CURRENT


def read_published(lake: Path) -> Published:
    """The set readers see now; empty before the first publishing."""
    try:
        return Published.model_validate_json(pointer(lake).read_bytes())
    except FileNotFoundError:
        return Published()


def replace_published(lake: Path, published: Published) -> None:
    """Readers see the old set or the new one, whatever happens in between."""
    LakeRoot(lake).write_json(CURRENT, published.model_dump(mode="json"))


def stamp(lake: Path) -> tuple[int, int]:
    """Changes whenever the pointer is replaced; cheap enough to ask before every read."""
    try:
        status = pointer(lake).stat()
    except FileNotFoundError:
        return (0, 0)
    return (status.st_mtime_ns, status.st_ino)


def table_files(lake: Path, name: str, version: int) -> list[str]:
    """The Parquet files of one version of a published table."""
    from deltalake import DeltaTable

    return DeltaTable(str(lake / GOLD / name), version=version).file_uris()


def select_files(files: list[str], table: PublishedTable) -> str:
    """SQL that reads these files with the columns in their published order and type."""
    columns = ", ".join(
        f'cast("{name}" as {kind}) as "{name}"' for name, kind in table.columns.items()
    )
    if not files:
        empty = ", ".join(
            f'cast(null as {kind}) as "{name}"' for name, kind in table.columns.items()
        )
        return f"select {empty} where false"
    listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    hive = (
        f", hive_partitioning = true, hive_types = {{'{table.partition_by}': 'varchar'}}"
        if table.partition_by
        else ", hive_partitioning = false"
    )
    return f"select {columns} from read_parquet([{listed}]{hive})"


def checked_at(lake: Path) -> datetime | None:
    """When the pipelines last found the published set up to date."""
    try:
        status = json.loads((lake / "status.json").read_bytes())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    at = status.get("checked_at")
    return datetime.fromisoformat(at).astimezone(UTC) if at else None

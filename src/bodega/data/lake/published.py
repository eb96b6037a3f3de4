"""What readers see: the Delta versions that `published/current.json` names, and no others."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Self

from pydantic import BaseModel

from bodega.data.lake.paths import CURRENT, GOLD
from bodega.data.lake.storage import Place, at


class PublishedTable(BaseModel):
    """`prints` are the fingerprints of its partitions; '' is the whole of a table without.
    `written_bytes` is how much this version wrote."""

    version: int
    rows: int
    columns: dict[str, str]
    partition_by: str | None = None
    prints: dict[str, str]
    written_bytes: int = 0
    updated_at: datetime


class Published(BaseModel):
    """One consistent set of gold tables, and of `mapped` ones: silver of declared
    sources. `known_at` is the commit time of the newest change in it,
    `position` the source position up to which it is complete. While `held`, people keep readers on
    it: nothing newer is published."""

    tables: Mapping[str, PublishedTable] = {}
    mapped: Mapping[str, PublishedTable] = {}
    published_at: datetime | None = None
    known_at: datetime | None = None
    position: int | None = None
    held: bool = False

    def only(self, *names: str) -> Self:
        """For whoever reads these tables: each that is opened costs 2 ms."""
        return self.model_copy(
            update={"tables": {name: self.tables[name] for name in names}, "mapped": {}}
        )


def read_published(lake: Place) -> Published:
    """The set readers see now; empty before the first publishing."""
    return Published.model_validate(at(lake).read_json(CURRENT) or {})


def replace_published(lake: Place, published: Published) -> None:
    """Readers see the old set or the new one, whatever happens in between."""
    at(lake).write_json(CURRENT, published.model_dump(mode="json"))


def stamp(lake: Place) -> tuple[int, int]:
    """Changes whenever the pointer is replaced; cheap enough to ask before every read."""
    return at(lake).stamp(CURRENT)


def table_files(lake: Place, name: str, version: int, layer: str = GOLD) -> list[str]:
    """The Parquet files of one version of a published table."""
    return at(lake).delta(f"{layer}/{name}", version).file_uris()


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


def checked_at(lake: Place) -> datetime | None:
    """When the pipelines last found the published set up to date."""
    try:
        status = json.loads((at(lake).work / "status.json").read_bytes())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    told = status.get("checked_at")
    return datetime.fromisoformat(told).astimezone(UTC) if told else None

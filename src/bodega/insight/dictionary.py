"""The data dictionary, answered from the catalogue beside the published set."""

import threading
from collections.abc import Iterable

import anyio.to_thread

from bodega.contracts.dictionary import (
    ColumnLine,
    ColumnView,
    Found,
    Layer,
    LineageStep,
    TableLine,
    TableView,
)
from bodega.contracts.freshness import Freshness, TableFreshness
from bodega.data.lake.storage import Place, at
from bodega.data.lineage.errors import CatalogueMissing, ColumnUnknown
from bodega.data.lineage.graph import LAYERS, Catalogue, Step, Table, split
from bodega.data.lineage.keep import read_catalogue, stamp
from bodega.data.lineage.search import search

_GOLD = "gold."


class LakeDictionary:
    """Implements `bodega.contracts.dictionary.Dictionary`; `freshness` tells how old tables are."""

    def __init__(self, lake: Place, freshness: Freshness) -> None:
        self._lake = lake
        self._freshness = freshness
        self._reading = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._catalogue = Catalogue()

    async def tables(self, *, layer: Layer | None = None) -> list[TableLine]:
        known, ages = await self._known(), await self._ages()
        names = [one for one, table in known.tables.items() if layer in (None, table.layer)]
        names.sort(key=lambda one: (LAYERS.index(known.tables[one].layer), one))
        return [TableLine(**_line(one, known.tables[one], ages.get(one))) for one in names]

    async def search(self, *, words: str, limit: int = 50) -> list[Found]:
        known = await self._known()
        return [_found(known, hit.name) for hit in search(known, words, limit=limit)]

    async def table(self, *, name: str) -> TableView | None:
        known = await self._known()
        try:
            full = known.resolve_table(name)
        except ColumnUnknown:
            return None
        table, age = known.table(full), (await self._ages()).get(full)
        line = _line(full, table, age)
        if line["rows"] is None and table.layer == "bronze":
            line["rows"] = await anyio.to_thread.run_sync(self._arrived, full)
        told = table.model_dump(include={"grain", "label", "unit", "page", "tests", "examples"})
        return TableView(
            **line,
            **told,
            updated_at=age.updated_at if age else None,
            version=age.version if age else None,
            fields=[_field(known, f"{full}.{column}") for column in table.columns],
            upstream=known.neighbours(full, down=False),
            downstream=known.neighbours(full, down=True),
        )

    async def column(self, *, name: str) -> ColumnView | None:
        known = await self._known()
        try:
            full = known.resolve_column(name)
        except ColumnUnknown:
            return None
        up, down = known.walk(full, down=False), known.walk(full, down=True)
        named = {full, *(one for step in (*up, *down) for one in (step.column, step.origin))}
        return ColumnView(
            name=full,
            table=split(full)[0],
            about=_field(known, full),
            up=_steps(up),
            down=_steps(down),
            layers={one: known.table(split(one)[0]).layer for one in named},
            kinds={one: known.column(one).kind for one in named},
        )

    async def _known(self) -> Catalogue:
        return await anyio.to_thread.run_sync(self._read)

    def _read(self) -> Catalogue:
        """The catalogue as it is now, read again only when it was replaced."""
        with self._reading:
            now = stamp(self._lake)
            if now != self._stamp:
                try:
                    self._catalogue = read_catalogue(self._lake)
                except CatalogueMissing:
                    self._catalogue = Catalogue()
                self._stamp = now
            return self._catalogue

    async def _ages(self) -> dict[str, TableFreshness]:
        report = await self._freshness.report()
        return {f"{_GOLD}{table.table}": table for table in report.tables}

    def _arrived(self, name: str) -> int | None:
        """How many changes or records ever arrived, by the table's log."""
        root, path = at(self._lake), name.replace(".", "/", 1)
        if not root.is_delta(path):
            return 0
        added = root.delta(path).get_add_actions(flatten=True)
        return int(sum(added.column("num_records").to_pylist()))


def _line(name: str, table: Table, age: TableFreshness | None) -> dict[str, object]:
    return {
        "name": name,
        "layer": table.layer,
        "description": table.description,
        "owner": table.owner,
        "columns": len(table.columns),
        "personal": any(column.kind == "personal" for column in table.columns.values()),
        "rows": age.rows if age else None,
        "state": age.state if age else None,
    }


def _field(known: Catalogue, name: str) -> ColumnLine:
    column = known.column(name)
    told = column.model_dump(include={"type", "kind", "description", "as_in", "mark", "tests"})
    return ColumnLine(
        name=split(name)[1], **told, origins=column.origins, uses=len(known.down(name))
    )


def _found(known: Catalogue, name: str) -> Found:
    if name in known.tables:
        table = known.tables[name]
        return Found(table=name, column=None, layer=table.layer, description=table.description)
    owner, column = known.table(split(name)[0]), known.column(name)
    return Found(
        table=split(name)[0],
        column=name,
        layer=owner.layer,
        description=column.description,
        kind=column.kind,
    )


def _steps(steps: Iterable[Step]) -> list[LineageStep]:
    return [LineageStep(**step._asdict()) for step in steps]

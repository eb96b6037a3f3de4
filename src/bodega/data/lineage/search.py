"""Tables and columns by words."""

from typing import NamedTuple

from bodega.data.lineage.graph import LAYERS, Catalogue

_NEAREST = ("metric", "gold", "number", "feature", "model", "silver", "source", "intermediate")


class Hit(NamedTuple):
    """A table, or a column of one; `name` is its full name."""

    name: str
    layer: str
    description: str
    kind: str


def search(catalogue: Catalogue, words: str, *, limit: int = 30) -> list[Hit]:
    """Everything whose name or description holds all the words; names and the layers people read
    first."""
    wanted = words.lower().replace("_", " ").split()
    found: list[tuple[tuple[int, int, int, str], Hit]] = []
    if not wanted:
        return []
    for id_, table in catalogue.tables.items():
        about = f"{table.label} {table.description} {table.grain} {table.owner}"
        if rank := _rank(wanted, id_, about):
            hit = Hit(id_, table.layer, table.description, "")
            found.append(((rank, 0, _place(table.layer), id_), hit))
        for name, column in table.columns.items():
            full = f"{id_}.{name}"
            if rank := _rank(wanted, name, f"{id_} {column.description} {column.kind}"):
                hit = Hit(full, table.layer, column.description, column.kind)
                found.append(((rank, 1, _place(table.layer), full), hit))
    return [hit for _, hit in sorted(found)[:limit]]


def _rank(wanted: list[str], name: str, about: str) -> int:
    """1: all words are in the name; 2: in what is said of it; 0: not found."""
    named = name.lower().replace("_", " ").replace(".", " ")
    if all(word in named for word in wanted):
        return 1
    told = f"{named} {about.lower().replace('_', ' ')}"
    return 2 if all(word in told for word in wanted) else 0


def _place(layer: str) -> int:
    order = [*_NEAREST, *LAYERS]
    return order.index(layer)

"""The catalogue: every table of every layer, its columns, and what each column is made of."""

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from pydantic import BaseModel, model_validator

from bodega.data.lineage.declared import Class, Layer
from bodega.data.lineage.errors import ColumnUnknown

LAYERS: tuple[Layer, ...] = (
    "source", "bronze", "staging", "silver", "intermediate", "gold", "metric", "number", "feature",
    "model",
)  # fmt: skip
ROWS = "*"
_SPARED = ("gold", "metric", "feature")


class Column(BaseModel):
    """`direct` is what its value is made of, and how; `decided_by` what chooses between values.
    A column without either says in `mark` what it is. `as_in` names the column whose description it
    shares."""

    type: str = ""
    description: str = ""
    as_in: str = ""
    kind: Class = "public"
    mark: str = ""
    tests: list[str] = []
    direct: dict[str, str] = {}
    decided_by: list[str] = []

    @property
    def origins(self) -> list[str]:
        return list(self.direct) or self.decided_by


class Table(BaseModel):
    """`rows_from` are the tables whose rows it holds, `shaped_by` the columns that decide which.
    `published`: readers see it. `page` is where people see its figures."""

    layer: Layer
    label: str = ""
    description: str = ""
    grain: str = ""
    owner: str = ""
    unit: str = ""
    page: str = ""
    published: bool = False
    columns: dict[str, Column] = {}
    order: list[str] = []
    tests: list[str] = []
    rows_from: list[str] = []
    shaped_by: dict[str, str] = {}
    examples: list[str] = []

    @model_validator(mode="after")
    def _columns_in_order(self) -> "Table":
        """A file keeps names in the order of the alphabet; a table has its own."""
        if self.order:
            self.columns = {name: self.columns[name] for name in self.order}
        return self


class Step(NamedTuple):
    """One edge of the lineage: `column` is made of `origin`."""

    column: str
    origin: str
    how: str


class Catalogue(BaseModel):
    """Columns are named `<table>.<column>`; `<table>.*` are its rows."""

    fingerprint: str = ""
    tables: dict[str, Table] = {}

    def table(self, name: str) -> Table:
        """Raises ColumnUnknown."""
        try:
            return self.tables[name]
        except KeyError as error:
            raise ColumnUnknown(name, list(self.tables)) from error

    def column(self, name: str) -> Column:
        """Raises ColumnUnknown."""
        table, column = split(name)
        if column == ROWS:
            rows_from = self.table(table).rows_from
            return Column(
                description="how many rows there are",
                direct={f"{one}.{ROWS}": "rows" for one in rows_from},
                mark="" if rows_from else "its own rows",
            )
        try:
            return self.table(table).columns[column]
        except KeyError as error:
            raise ColumnUnknown(
                name, [f"{table}.{one}" for one in self.tables[table].columns]
            ) from error

    def resolve_table(self, words: str) -> str:
        """A table's full name; `gold.` may be left out. Raises ColumnUnknown."""
        for name in (words, *(f"{layer}.{words}" for layer in _SPARED)):
            if name in self.tables:
                return name
        raise ColumnUnknown(words, list(self.tables))

    def resolve_column(self, words: str) -> str:
        """A column's full name; `gold.` may be left out, and a metric is its value. Raises
        ColumnUnknown."""
        for name in (words, *(f"{layer}.{words}" for layer in _SPARED)):
            table, column = split(name)
            known = self.tables.get(table)
            if known is not None and (column in known.columns or column == ROWS):
                return name
            if name in self.tables and self.tables[name].columns:
                return f"{name}.{next(iter(self.tables[name].columns))}"
        raise ColumnUnknown(words, list(self.names()))

    def names(self) -> Iterator[str]:
        for id_, table in self.tables.items():
            for column in table.columns:
                yield f"{id_}.{column}"

    def up(self, name: str) -> list[Step]:
        """What a column is made of; where nothing is taken over, what decides it."""
        column = self.column(name)
        made = column.direct or dict.fromkeys(column.decided_by, "conditional")
        return [Step(name, origin, how) for origin, how in made.items()]

    def down(self, name: str) -> list[Step]:
        """What is made of a column."""
        return self._uses.get(name, [])

    @cached_property
    def _uses(self) -> dict[str, list[Step]]:
        uses: dict[str, list[Step]] = {}
        for name in [*self.names(), *(f"{id_}.{ROWS}" for id_ in self.tables)]:
            for step in self.up(name):
                uses.setdefault(step.origin, []).append(step)
        return uses

    def walk(self, name: str, *, down: bool, most: int = 2000) -> list[Step]:
        """Every step from a column to where it comes from, or to where it goes; nearest first."""
        found: dict[Step, None] = {}
        waiting, seen = [name], {name}
        while waiting and len(found) < most:
            at = waiting.pop(0)
            for step in self.down(at) if down else self.up(at):
                found.setdefault(step)
                beyond = step.column if down else step.origin
                if beyond not in seen:
                    seen.add(beyond)
                    waiting.append(beyond)
        return list(found)

    def ends(self, name: str) -> set[str]:
        """The columns at the far end of what it is made of; itself when it is made of nothing."""
        reached = {name, *(step.origin for step in self.walk(name, down=False))}
        return {one for one in reached if not self.up(one)}

    def neighbours(self, table: str, *, down: bool) -> list[str]:
        """The tables next to this one."""
        names = [*(f"{table}.{one}" for one in self.table(table).columns), f"{table}.{ROWS}"]
        if down:
            found = {split(step.column)[0] for name in names for step in self.down(name)}
        else:
            found = {split(step.origin)[0] for name in names for step in self.up(name)}
            found |= {split(one)[0] for one in self.table(table).shaped_by}
        return sorted(found & set(self.tables) - {table})


def split(name: str) -> tuple[str, str]:
    """`gold.fct_orders.net_amount` is (`gold.fct_orders`, `net_amount`)."""
    table, _, column = name.rpartition(".")
    return table, column

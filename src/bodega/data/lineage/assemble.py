"""Declarations and models become one catalogue."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from bodega.data.lineage.declared import (
    Declared,
    Layer,
    MappedTable,
    SourceColumn,
    SourceTable,
    Types,
    Use,
)
from bodega.data.lineage.examples import examples
from bodega.data.lineage.graph import ROWS, Catalogue, Column, Table, split
from bodega.data.lineage.project import Model, ModelColumn
from bodega.data.lineage.statement import COUNT, IDENTITY, Relations, Statement

BY_PIPELINES = "written by the pipelines"
BY_FEED = "written by the change feed"
ENVELOPE = (
    "key", "before", "after", "unchanged", "ts_ms", "txid",
    "_source", "_position", "_sequence", "_op", "_ingested_at",
)  # fmt: skip
AUDIT = (
    "_key", "_hash", "_origin", "_generation", "_position", "_sequence", "_op", "_raw", "_rejected",
    "_known_at", "_ingested_at",
)  # fmt: skip
NOT_BROUGHT = "no declared source brings it"
_ARRIVED = {
    "changes": "Every change of {}, as the change feed told it, one after another.",
    "records": "Every record that ever arrived from {}.",
}
_PROVENANCE = {"_from": "which stream each value is from", "_conflicts": "what streams disagree on"}
_META = "meta."
_LAYERS: Mapping[str, Layer] = {
    "staging": "staging",
    "silver": "silver",
    "intermediate": "intermediate",
    "gold": "gold",
}


@dataclass(slots=True)
class _Making:
    tables: dict[str, Table] = field(default_factory=dict)
    relations: Relations = field(default_factory=Relations)

    def add(self, id_: str, table: Table, *, known: Iterable[str] = ()) -> None:
        self.tables[id_] = table
        self.relations.add(id_, [*dict.fromkeys([*table.columns, *known])])


def assemble(
    declared: Declared,
    models: Sequence[Model],
    *,
    types: Types,
    arriving: Mapping[str, tuple[str, Mapping[str, ModelColumn]]],
    fingerprint: str = "",
) -> Catalogue:
    """`types` are those of the warehouse, by relation and column; `arriving` is what the project
    says of bronze. Raises SqlUntraceable."""
    making = _Making()
    for table in declared.sources:
        _add_source(making, table)
    for mapped in declared.mapped:
        _add_mapped(making, mapped)
    for relation in arriving:
        if relation.startswith(_META):
            making.relations.add(relation, ["batch", "good", "upto", "table_name", "since"])
    for model in models:
        _add_model(making, model, types.get(model.relation, {}))
    for use in declared.uses:
        _add_use(making, use)
    catalogue = Catalogue(fingerprint=fingerprint, tables=making.tables)
    _classify(catalogue)
    _describe(catalogue)
    for id_, known in catalogue.tables.items():
        known.order = list(known.columns)
        if known.published:
            known.examples = known.examples or examples(id_, known)
    return catalogue


def _add_source(making: _Making, source: SourceTable) -> None:
    """A table of the shop, and the envelopes in which its changes arrive."""
    making.tables[source.id] = Table(
        layer="source",
        description=source.description,
        owner=source.owner,
        grain="one row" if source.comes_as == "changes" else "one record",
        columns={column.name: _of_source(column) for column in source.columns},
    )
    changes = source.comes_as == "changes"
    fields = {
        column.name: Column(
            type="field of after" if changes else column.type,
            kind=column.kind,
            description=column.description,
            direct={f"{source.id}.{column.name}": IDENTITY},
        )
        for column in source.columns
        if column.kind != "secret"
    }
    audit, by = (ENVELOPE, BY_FEED) if changes else (AUDIT, BY_PIPELINES)
    table = Table(
        layer="bronze",
        description=_ARRIVED[source.comes_as].format(source.id),
        grain="one change of one row" if changes else "one record as it arrived",
        columns={**fields, **{name: Column(mark=by) for name in audit}},
        rows_from=[source.id],
    )
    making.add(f"bronze.{source.bronze}", table)


def _of_source(column: SourceColumn) -> Column:
    return Column(type=column.type, kind=column.kind, description=column.description)


def _add_mapped(making: _Making, mapped: MappedTable) -> None:
    """Each value is that of the first stream that says it."""
    columns: dict[str, Column] = {}
    for name, kind in mapped.columns.items():
        brought = {
            f"bronze.{one.bronze}.{one.fields[name]}": IDENTITY
            for one in mapped.brought
            if name in one.fields and f"bronze.{one.bronze}" in making.tables
        }
        for origin in brought:
            arrived, field_ = split(origin)
            making.tables[arrived].columns.setdefault(field_, Column(mark=BY_PIPELINES))
        columns[name] = Column(type=kind, direct=brought, mark="" if brought else NOT_BROUGHT)
    for name, said in _PROVENANCE.items():
        columns[name] = Column(mark=BY_PIPELINES, description=said)
    table = Table(
        layer="silver",
        description=f"{mapped.name.replace('_', ' ').capitalize()} by every source that brings "
        "them; of two that differ the one declared first is believed.",
        owner=words()["owners"]["bronze"],
        columns=columns,
        rows_from=[f"bronze.{one.bronze}" for one in mapped.brought],
    )
    making.add(f"mapped.{mapped.name}", table)


def _add_model(making: _Making, model: Model, types: Mapping[str, str]) -> None:
    schema, _, name = model.relation.partition(".")
    table = Table(
        layer=_LAYERS.get(schema, "intermediate"),
        label=name,
        description=model.description,
        grain=model.grain,
        owner=model.owner,
        published=model.published,
        tests=list(model.tests),
        examples=list(model.examples),
    )
    if model.sql is not None:
        _trace(
            making, table, Statement(model.relation, model.sql, making.relations), model.relation
        )
    for column in (*types, *model.columns):
        table.columns.setdefault(column, Column(mark=BY_PIPELINES))
    for column, made in table.columns.items():
        said = model.columns.get(column, ModelColumn())
        made.type = said.type or types.get(column, "").lower()
        made.description, made.tests = said.description, list(said.tests)
        made.kind = said.kind or "public"
        if said.kind is not None:
            made.as_in = "declared"
    making.add(model.relation, table)


def _add_use(making: _Making, use: Use) -> None:
    table = Table(**use.model_dump(exclude={"id", "sql", "columns"}))
    _trace(making, table, Statement(use.id, use.sql, making.relations), use.id)
    for name, said in use.columns.items():
        if name in table.columns:
            table.columns[name].description = said
    making.add(use.id, table)


def _trace(making: _Making, table: Table, statement: Statement, id_: str) -> None:
    """Columns and rows of a table by the statement that makes it."""
    for name in statement.columns:
        uses = statement.uses(name)
        direct = {f"{at.relation}.{at.column}": how for at, how in uses.direct.items()}
        deciding = ("conditional",) if direct else ("conditional", "window")
        decides = [
            f"{at.relation}.{at.column}" for at, how in uses.indirect.items() if how in deciding
        ]
        known = {one: how for one, how in direct.items() if _counts(one, id_)}
        chosen = [one for one in decides if _counts(one, id_) and one not in known]
        column = Column(direct=known, decided_by=chosen)
        if not known and not chosen:
            column.mark = BY_PIPELINES if direct else f"constant: {uses.text}"
        table.columns[name] = column
    table.rows_from = [one for one in statement.relations if one in making.tables and one != id_]
    table.shaped_by = {
        f"{at.relation}.{at.column}": how
        for at, how in statement.shaping().items()
        if at.relation != id_ and at.relation in making.tables
    }


def _counts(origin: str, id_: str) -> bool:
    """The pipelines' own counters, and the table itself, are no origins."""
    table = split(origin)[0]
    return table != id_ and not origin.startswith(_META)


def _classify(catalogue: Catalogue) -> None:
    """What is made of a personal value is personal, unless it only counts, or is declared."""
    for table in catalogue.tables.values():
        for column in table.columns.values():
            if column.as_in == "declared":
                column.as_in = ""
            elif column.kind == "public":
                personal = any(
                    how != COUNT and _kind(catalogue, origin) == "personal"
                    for origin, how in column.direct.items()
                )
                column.kind = "personal" if personal else "public"


def _kind(catalogue: Catalogue, name: str) -> str:
    table, column = split(name)
    found = catalogue.tables[table].columns.get(column) if column != ROWS else None
    return found.kind if found else "public"


def _describe(catalogue: Catalogue) -> None:
    """Who says nothing is described by whom it is the same as, else by what its name means."""
    said = words()
    for id_, table in catalogue.tables.items():
        table.description = table.description or said["tables"].get(id_, "") or _told(id_, table)
        table.owner = table.owner or said["owners"].get(table.layer, "")
    names = list(catalogue.names())
    for name in names:
        catalogue.column(name).description = catalogue.column(name).description or said[
            "columns"
        ].get(name, "")
        _take_over(catalogue, name, down=False)
    for name in reversed(names):
        _take_over(catalogue, name, down=True)
    for name in names:
        column = catalogue.column(name)
        column.description = column.description or said["columns"].get(split(name)[1], "")


def _take_over(catalogue: Catalogue, name: str, *, down: bool) -> None:
    column = catalogue.column(name)
    if column.description:
        return
    steps = catalogue.down(name) if down else catalogue.up(name)
    for step in steps:
        other = step.column if down else step.origin
        same = step.how == IDENTITY and split(other)[1] == split(name)[1]
        if same and (found := catalogue.column(other)).description:
            column.description, column.as_in = found.description, found.as_in or other
            return


def _told(id_: str, table: Table) -> str:
    """Tables that are the same for every source."""
    name = split(id_)[1]
    first = table.rows_from[0] if table.rows_from else ""
    if table.layer == "staging":
        return (
            f"The current row of every key ever seen in {first}: deleted ones are flagged, unfit "
            "ones have a reason."
        )
    if table.layer == "silver":
        return (
            f"{name.replace('_', ' ').capitalize()} as they are now: typed, one row per key; "
            "deleted and unfit rows are left out."
        )
    return ""


@cache
def words() -> Any:
    import yaml

    text = files("bodega.data.lineage").joinpath("words.yml").read_text()
    return yaml.safe_load(text)

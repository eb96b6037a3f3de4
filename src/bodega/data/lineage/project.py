"""The dbt project as the catalogue needs it: what is said of each model, and its compiled SQL."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bodega.data.lineage.declared import Class

KINDS = ("model", "snapshot", "seed")
_GRAIN = "Grain - "


@dataclass(frozen=True, slots=True)
class ModelColumn:
    description: str = ""
    type: str = ""
    kind: Class | None = None
    tests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Model:
    """`relation` is `schema.name`; `sql` is None for what is not made by a statement."""

    name: str
    relation: str
    sql: str | None
    needs: tuple[str, ...]
    description: str = ""
    grain: str = ""
    owner: str = ""
    published: bool = False
    examples: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    columns: Mapping[str, ModelColumn] = field(default_factory=dict)


def read_project(manifest: Any, sql: Mapping[str, str]) -> list[Model]:
    """Every model, each after those it reads. `sql` are the statements by a model's id."""
    tests = _tests(manifest)
    models = {
        id_: _model(node, sql.get(id_), tests.get(id_, []))
        for id_, node in manifest.nodes.items()
        if str(node.resource_type) in KINDS
    }
    return [models[id_] for id_ in _in_order({id_: model.needs for id_, model in models.items()})]


def source_columns(manifest: Any) -> dict[str, tuple[str, Mapping[str, ModelColumn]]]:
    """By relation: what the project says of the tables it does not make."""
    return {
        f"{node.schema}.{node.identifier}": (
            node.description,
            {name: _column(column, ()) for name, column in node.columns.items()},
        )
        for node in manifest.sources.values()
    }


def _model(node: Any, sql: str | None, tests: "list[_Test]") -> Model:
    meta = node.config.meta or {}
    description, grain = _described(node.description)
    return Model(
        name=node.name,
        relation=f"{node.schema}.{node.alias}",
        sql=sql,
        needs=tuple(one for one in node.depends_on.nodes if one.startswith(KINDS)),
        description=description,
        grain=grain,
        owner=str(meta.get("owner", "")),
        published=bool(meta.get("publish")),
        examples=tuple(meta.get("examples", ())),
        tests=tuple(sorted({test.name for test in tests if not test.columns})),
        columns={
            name: _column(column, [test.name for test in tests if name in test.columns])
            for name, column in node.columns.items()
        },
    )


def _column(column: Any, tests: Iterable[str]) -> ModelColumn:
    held = [str(one.type.value).replace("_", " ") for one in column.constraints]
    return ModelColumn(
        description=column.description,
        type=column.data_type or "",
        kind=(column.meta or {}).get("class"),
        tests=tuple(sorted({*tests, *held})),
    )


def _described(text: str) -> tuple[str, str]:
    """`Grain - one order.` is the grain; what stands before it is the description."""
    before, mark, after = text.partition(_GRAIN)
    grain = after.strip().rstrip(".") if mark else ""
    said = before.strip()
    return said or (f"{grain[:1].upper()}{grain[1:]}." if grain else ""), grain


@dataclass(frozen=True, slots=True)
class _Test:
    """`columns` are those it looks at; none: the whole table."""

    name: str
    columns: tuple[str, ...] = ()


def _tests(manifest: Any) -> dict[str, list[_Test]]:
    """By the id of the model that each test is about."""
    found: dict[str, list[_Test]] = {}
    for node in manifest.nodes.values():
        if str(node.resource_type) != "test":
            continue
        generic = getattr(node, "test_metadata", None)
        if generic is None:
            for model in node.depends_on.nodes:
                found.setdefault(model, []).append(_Test(node.name.replace("_", " ")))
        else:
            found.setdefault(node.attached_node or "", []).append(_generic(node, generic))
    for unit in manifest.unit_tests.values():
        id_ = f"model.{unit.package_name}.{unit.model}"
        found.setdefault(id_, []).append(_Test(unit.name.replace("_", " ")))
    return found


def _generic(node: Any, generic: Any) -> _Test:
    columns = tuple(generic.kwargs.get("columns") or filter(None, [node.column_name]))
    name = str(generic.name).replace("_", " ")
    if generic.name == "unique_key":
        name = f"unique together: {', '.join(columns)}"
        return _Test(name, columns)
    if to := generic.kwargs.get("to"):
        name = f"is in {str(to).removeprefix('ref(').rstrip(')').strip(chr(39))}"
    return _Test(name, columns)


def _in_order(needs: Mapping[str, Iterable[str]]) -> list[str]:
    done: dict[str, None] = {}

    def visit(id_: str) -> None:
        if id_ in done or id_ not in needs:
            return
        for other in needs[id_]:
            visit(other)
        done[id_] = None

    for id_ in sorted(needs):
        visit(id_)
    return list(done)

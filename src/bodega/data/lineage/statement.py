"""Column lineage of one SQL statement, by sqlglot's scopes.

What makes a column is *direct* (its value is taken, computed or aggregated from it) or *indirect*
(it decides: conditions, filters, windows, order). Values inside a JSON text are followed to the
field they are read from, so that an envelope's columns are told apart.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlglot import MappingSchema, exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from bodega.data.lineage.errors import SqlUntraceable

DIALECT = "duckdb"
ROWS = "*"
IDENTITY, TRANSFORMATION, AGGREGATION, COUNT = "identity", "transformation", "aggregation", "count"
CONDITIONAL, FILTER, WINDOW, SORT, JOIN, GROUP_BY = (
    "conditional", "filter", "window", "sort", "join", "group_by",
)  # fmt: skip
DIRECT = (IDENTITY, TRANSFORMATION, AGGREGATION, COUNT)
_RANK = {how: rank for rank, how in enumerate(DIRECT)}
_JSON = {"json_transform", "from_json"}
_OR = " or "
_PICKS = {exp.LastValue, exp.FirstValue, exp.Lag, exp.Lead, exp.AnyValue}
_CLAUSES = (("where", FILTER), ("having", FILTER), ("qualify", FILTER), ("group", GROUP_BY))


class Origin(NamedTuple):
    """A column of a relation (`schema.name`); `*` stands for the rows themselves."""

    relation: str
    column: str


@dataclass(slots=True)
class Uses:
    """What makes one column. Nothing direct: it is the constant `text`."""

    direct: dict[Origin, str] = field(default_factory=dict)
    indirect: dict[Origin, str] = field(default_factory=dict)
    text: str = ""

    def add(self, other: "Uses", how: str) -> None:
        """What made a part of this column, which took it in by `how`."""
        decides = how not in DIRECT
        for origin, was in other.direct.items():
            if decides:
                self.indirect.setdefault(origin, how)
            else:
                most = max(was, how, self.direct.get(origin, was), key=_RANK.__getitem__)
                self.direct[origin] = most
        for origin, was in other.indirect.items():
            self.indirect.setdefault(origin, was)


class Relations:
    """The relations known so far and their columns, for the stars of later statements."""

    def __init__(self) -> None:
        self._schema = MappingSchema(dialect=DIALECT, normalize=False)

    def add(self, relation: str, columns: Sequence[str]) -> None:
        known = dict.fromkeys(columns, "unknown")
        self._schema.add_table(_table(relation), known, normalize=False, match_depth=False)

    @property
    def schema(self) -> MappingSchema:
        return self._schema


class Statement:
    """One SELECT over known relations. Raises SqlUntraceable."""

    def __init__(self, name: str, sql: str, relations: Relations) -> None:
        self._name = name
        try:
            tree = parse_one(sql, read=DIALECT)
            _tidy(tree)
            tree = qualify(
                tree,
                dialect=DIALECT,
                schema=relations.schema,
                validate_qualify_columns=False,
                quote_identifiers=False,
                identify=False,
            )
            root = build_scope(tree)
        except SqlglotError as error:
            raise SqlUntraceable(name, str(error).splitlines()[0]) from error
        if root is None:
            raise SqlUntraceable(name, "it is no SELECT")
        self._root: Scope = root
        self._made: dict[tuple[int, str, str], Uses] = {}

    @property
    def columns(self) -> list[str]:
        return _names(self._root)

    @property
    def relations(self) -> list[str]:
        """Those it reads, each once."""
        found = (source for scope in self._root.traverse() for source in scope.sources.values())
        return sorted({_relation(source) for source in found if isinstance(source, exp.Table)})

    def uses(self, column: str) -> Uses:
        """What makes an output column."""
        return self._output(self._root, column, "")

    def shaping(self) -> dict[Origin, str]:
        """What decides which rows there are: joins, filters, groups."""
        shaped = Uses()
        for scope in self._root.traverse():
            select = scope.expression
            for clause, how in _CLAUSES:
                self._gather(scope, select.args.get(clause), how, "", shaped)
            for join in select.args.get("joins") or ():
                self._gather(scope, join.args.get("on"), JOIN, "", shaped)
        return {**shaped.indirect, **shaped.direct}

    def _output(self, scope: Scope, column: str, inside: str) -> Uses:
        """`inside` names a field of the column's value, which is a struct or a JSON text."""
        key = (id(scope), column, inside)
        if key not in self._made:
            self._made[key] = Uses()  # a statement that reads itself ends here
            self._made[key] = self._resolve(scope, column, inside)
        return self._made[key]

    def _resolve(self, scope: Scope, column: str, inside: str) -> Uses:
        select = scope.expression
        if isinstance(select, exp.SetOperation):
            place = _names(scope).index(column)
            found = Uses()
            for part in scope.set_operation_scopes:
                name = _names(part)[place]
                made = self._output(part, name, inside)
                found.add(made, IDENTITY)
                if made.text not in found.text.split(_OR):
                    found.text = _OR.join(filter(None, (found.text, made.text)))
            return found
        projection = next((one for one in select.expressions if one.alias_or_name == column), None)
        if projection is None:
            raise SqlUntraceable(self._name, f"where {column} comes from is not said")
        value = projection.unalias()
        found = Uses(text=value.sql(DIALECT))
        carried = inside if isinstance(value, (exp.Column, exp.Dot)) or _reads_json(value) else ""
        self._gather(scope, value, IDENTITY, carried, found)
        return found

    def _gather(
        self, scope: Scope, node: exp.Expr | None, how: str, inside: str, found: Uses
    ) -> None:
        """Add everything that `node` takes in."""
        if node is None:
            return
        if isinstance(node, exp.Column):
            made = self._column(scope, node, inside)
            found.add(made, how)
            if how == IDENTITY and made.text:
                found.text = made.text
        elif isinstance(node, exp.Dot) and isinstance(node.this, exp.Column):
            found.add(self._column(scope, node.this, node.expression.name), how)
        elif isinstance(node, (exp.Subquery, exp.Select, exp.SetOperation)):
            self._nested(scope, node, how, found)
        elif isinstance(node, exp.Count) and isinstance(node.this, exp.Star):
            for origin in self._rows_of(scope):
                found.add(Uses(direct={origin: IDENTITY}), _worse(how, COUNT))
        else:
            for part, by in _parts(node):
                self._gather(scope, part, _worse(how, by), inside, found)

    def _column(self, scope: Scope, column: exp.Column, inside: str) -> Uses:
        at: Scope | None = scope
        while at is not None:
            source: Any = at.sources.get(column.table)
            if isinstance(source, Scope):
                return self._output(source, column.name, inside)
            if isinstance(source, exp.Table):
                return Uses(direct={Origin(_relation(source), inside or column.name): IDENTITY})
            at = at.parent
        return Uses()

    def _nested(self, scope: Scope, node: exp.Expr, how: str, found: Uses) -> None:
        inner = node.unnest()
        for part in scope.subquery_scopes:
            if part.expression is inner:
                for name in _names(part):
                    found.add(self._output(part, name, ""), _worse(how, TRANSFORMATION))

    def _rows_of(self, scope: Scope) -> Iterator[Origin]:
        """Whose rows are counted; what is only looked up beside them adds none."""
        beside = {
            join.alias_or_name
            for join in scope.expression.args.get("joins") or ()
            if join.side == "LEFT"
        }
        for name, (_, source) in scope.selected_sources.items():
            if name in beside:
                continue
            if isinstance(source, exp.Table):
                yield Origin(_relation(source), ROWS)
            elif isinstance(source.expression, exp.SetOperation):
                for part in source.set_operation_scopes:
                    yield from self._rows_of(part)
            else:
                yield from self._rows_of(source)


def _tidy(tree: exp.Expr) -> None:
    """Relations without their catalogue; a literal gets a name of its own, or stars over two of the
    same stay stars."""
    for table in tree.find_all(exp.Table):
        table.set("catalog", None)
    for select in tree.find_all(exp.Select):
        for place, value in enumerate(select.expressions):
            if isinstance(value, (exp.Literal, exp.Boolean, exp.Null)):
                value.replace(exp.alias_(value.copy(), f"_{place}"))


def _parts(node: exp.Expr) -> Iterator[tuple[exp.Expr, str]]:
    """The parts of an expression, and how each counts in it."""
    if isinstance(node, (exp.Case, exp.If)):
        yield from _of_case(node)
        return
    if isinstance(node, exp.Filter):
        yield node.this, IDENTITY
        yield node.expression, FILTER
        return
    if isinstance(node, exp.Window):
        yield node.this, TRANSFORMATION
        for part in node.args.get("partition_by") or ():
            yield part, WINDOW
        if order := node.args.get("order"):
            yield order, WINDOW
        return
    if isinstance(node, (exp.ArgMax, exp.ArgMin)):
        yield node.this, TRANSFORMATION  # one of the values, as it is
        yield node.expression, SORT
        return
    by = IDENTITY if isinstance(node, (exp.Paren, exp.Distinct)) else TRANSFORMATION
    if isinstance(node, exp.Count):
        by = COUNT
    elif isinstance(node, exp.AggFunc) and type(node) not in _PICKS:
        by = AGGREGATION
    for part in node.iter_expressions():
        yield part, SORT if isinstance(part, exp.Order) else by


def _of_case(node: exp.Case | exp.If) -> Iterator[tuple[exp.Expr, str]]:
    branches = node.args.get("ifs") or [node]
    if node.args.get("ifs") and node.this is not None:
        yield node.this, CONDITIONAL
    for branch in branches:
        yield branch.this, CONDITIONAL
        yield branch.args["true"], TRANSFORMATION
    for last in (node.args.get("default"), node.args.get("false")):
        if last is not None:
            yield last, TRANSFORMATION


def _worse(how: str, by: str) -> str:
    """A part that decides keeps deciding; else the stronger change counts."""
    if how not in DIRECT:
        return how
    return by if by not in DIRECT else max(how, by, key=_RANK.__getitem__)


def _reads_json(value: exp.Expr) -> bool:
    return any(call.name.lower() in _JSON for call in value.find_all(exp.Anonymous))


def _names(scope: Scope) -> list[str]:
    query = scope.expression
    return list(query.named_selects) if isinstance(query, exp.Query) else []


def _relation(table: exp.Table) -> str:
    return f"{table.db}.{table.name}" if table.db else table.name


def _table(relation: str) -> exp.Table:
    schema, _, name = relation.partition(".")
    return exp.table_(name, db=schema)

"""Rules of columns: DuckDB counts what breaks them in one pass, Pandera names the values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from bodega.data.quality.policy import ColumnPolicy, Severity, TablePolicy
from bodega.data.quality.results import Result

if TYPE_CHECKING:
    import pandera.polars as pandera

_LOOKED_AT = 200
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Rule:
    """`broken` is SQL that is true for a value that breaks it; `told` begins what Pandera calls
    the same check."""

    column: str
    name: str
    broken: str
    expected: str
    severity: Severity
    told: str

    @property
    def check(self) -> str:
        return f"{self.column} {self.name}"


def rules_of(table: TablePolicy) -> list[Rule]:
    """Every rule of every column, in the order they are declared."""
    return [rule for name, column in table.columns.items() for rule in _rules(name, column)]


def _rules(name: str, column: ColumnPolicy) -> list[Rule]:
    quoted, text = f'"{name}"', f'cast("{name}" as varchar)'
    found = []
    if column.required:
        found.append(("required", f"{quoted} is null", "a value", "not_nullable"))
    if column.one_of is not None:
        listed = ", ".join("'" + value.replace("'", "''") + "'" for value in column.one_of)
        found.append(("one of", f"{text} not in ({listed})", ", ".join(column.one_of), "isin"))
    if column.at_least is not None:
        said = f"at least {column.at_least}"
        found.append(("range", f"{quoted} < {column.at_least}", said, "greater_than_or"))
    if column.at_most is not None:
        said = f"at most {column.at_most}"
        found.append(("upper range", f"{quoted} > {column.at_most}", said, "less_than_or"))
    if column.matches is not None:
        pattern = column.matches.replace("'", "''")
        broken = f"not regexp_full_match({text}, '{pattern}')"
        found.append(("pattern", broken, column.matches, "str_matches"))
    return [
        Rule(name, rule, broken, expected, column.severity, told)
        for rule, broken, expected, told in found
    ]


def schema_of(table: TablePolicy) -> "pandera.DataFrameSchema":
    """The same rules as a Pandera schema over Polars frames; for tests of your own, too."""
    import pandera.polars as pandera

    def column(said: ColumnPolicy) -> pandera.Column:
        checks = []
        if said.one_of is not None:
            checks.append(pandera.Check.isin(list(said.one_of)))
        if said.at_least is not None:
            checks.append(pandera.Check.ge(said.at_least))
        if said.at_most is not None:
            checks.append(pandera.Check.le(said.at_most))
        if said.matches is not None:
            checks.append(pandera.Check.str_matches(f"^(?:{said.matches})$"))
        return pandera.Column(checks=checks, nullable=not said.required)

    return pandera.DataFrameSchema({name: column(said) for name, said in table.columns.items()})


def judge(
    con: duckdb.DuckDBPyConnection,
    name: str,
    table: TablePolicy,
    relation: str,
    where: str = "true",
) -> list[Result]:
    """Every rule of `table` over the rows of `relation`; a column that is gone is told, too."""
    if not table.columns:
        return []
    described = con.execute(f"describe select * from {relation}").fetchall()
    there = {row[0] for row in described}
    missing = [column for column in table.columns if column not in there]
    rules = [rule for rule in rules_of(table) if rule.column in there]
    counts = _broken(con, relation, where, rules)
    failing = [rule for rule, count in zip(rules, counts, strict=True) if count]
    examples = _examples(con, table, relation, where, failing) if failing else {}
    return [
        _columns(name, table, missing),
        *(
            _result(name, rule, count, examples.get(rule.check, ""))
            for rule, count in zip(rules, counts, strict=True)
        ),
    ]


def _columns(name: str, table: TablePolicy, missing: Sequence[str]) -> Result:
    severity: Severity = "warn"
    if any(table.columns[column].severity == "block" for column in missing):
        severity = "block"
    return Result(
        name, "columns", "schema", severity, passed=not missing,
        observed=f"missing: {', '.join(missing)}" if missing else "",
        expected=", ".join(table.columns),
    )  # fmt: skip


def _result(name: str, rule: Rule, count: int, observed: str) -> Result:
    return Result(
        name, rule.check, "constraint", rule.severity, passed=count == 0,
        rows=count, observed=observed, expected=rule.expected,
    )  # fmt: skip


def _broken(
    con: duckdb.DuckDBPyConnection, relation: str, where: str, rules: Sequence[Rule]
) -> list[int]:
    if not rules:
        return []
    counted = ", ".join(f"count(*) filter (where {rule.broken})" for rule in rules)
    row = con.execute(f"select {counted} from {relation} where {where}").fetchone()
    assert row is not None
    return list(row)


def _examples(
    con: duckdb.DuckDBPyConnection,
    table: TablePolicy,
    relation: str,
    where: str,
    failing: Sequence[Rule],
) -> Mapping[str, str]:
    """By check, a few of the values that break it; personal ones are only counted."""
    from pandera.errors import SchemaErrors

    names = dict.fromkeys(rule.column for rule in failing)
    picked = ", ".join(f'"{name}"' for name in names)
    broken = " or ".join(f"({rule.broken})" for rule in failing)
    frame = con.execute(
        f"select {picked} from {relation} where {where} and ({broken}) limit {_LOOKED_AT}"
    ).pl()
    asked = table.model_copy(update={"columns": {name: table.columns[name] for name in names}})
    try:
        schema_of(asked).validate(frame, lazy=True)
    except SchemaErrors as errors:
        cases: list[dict[str, Any]] = errors.failure_cases.to_dicts()
        return {rule.check: _shown(table, rule, cases) for rule in failing}
    return {}


def _shown(table: TablePolicy, rule: Rule, cases: Sequence[Mapping[str, Any]]) -> str:
    if table.columns[rule.column].personal:
        return "personal values"
    if rule.told == "not_nullable":
        return "nothing"
    values = {
        str(case["failure_case"])
        for case in cases
        if case["column"] == rule.column and str(case["check"]).startswith(rule.told)
    }
    return ", ".join(sorted(values)[:_SHOWN])

"""Rules of columns: DuckDB counts what breaks them in one pass, Pandera names the values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from bodega.data.quality.policy import ColumnPolicy, Policy, Severity, TablePolicy
from bodega.data.quality.results import Result

if TYPE_CHECKING:
    import pandera.polars as pandera

_LOOKED_AT = 200
_SHOWN = 3
_NAMES = (" required", " one of", " range", " pattern")


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

    def alike(self, kind: str) -> bool:
        """Whether a value of this type can be told beside what the rule says, as it is."""
        return self.name == "required" or ("range" in self.name) == (kind != "VARCHAR")


def rules_of(table: TablePolicy, types: Mapping[str, str] | None = None) -> list[Rule]:
    """Every rule of every column, in the order they are declared. `types` are those of columns in
    DuckDB's words: a text is a number when it reads as one, and beyond its ends when it does
    not."""
    types = types or {}
    return [
        rule
        for name, column in table.columns.items()
        for rule in _rules(name, column, types.get(name, ""))
    ]


def retired(policy: Policy, table: str, check: str) -> bool:
    """Whether what history calls so was a rule of a column, and is none any more."""
    if not check.endswith(_NAMES):
        return False
    return check not in {rule.check for rule in rules_of(policy.of(table))}


def _rules(name: str, column: ColumnPolicy, kind: str) -> list[Rule]:
    quoted = _quoted(name)
    text, number, fit = f"cast({quoted} as varchar)", quoted, ""
    if kind == "VARCHAR":
        number = f"try_cast({quoted} as double)"
        fit = f"({quoted} is not null and {number} is null) or "
    found = []
    if column.required:
        found.append(("required", f"{quoted} is null", "a value", "not_nullable"))
    if column.one_of is not None:
        listed = ", ".join("'" + value.replace("'", "''") + "'" for value in column.one_of)
        found.append(("one of", f"{text} not in ({listed})", ", ".join(column.one_of), "isin"))
    if column.at_least is not None:
        said = f"at least {column.at_least}"
        found.append(("range", f"{fit}{number} < {column.at_least}", said, "greater_than_or"))
    if column.at_most is not None:
        said = f"at most {column.at_most}"
        found.append(("upper range", f"{fit}{number} > {column.at_most}", said, "less_than_or"))
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
    there: dict[str, str] = {row[0]: row[1] for row in described}
    missing = [column for column in table.columns if column not in there]
    rules = [rule for rule in rules_of(table, there) if rule.column in there]
    found = list(zip(rules, _broken(con, relation, where, rules), strict=True))
    failing = [rule for rule, rows in found if rows and isinstance(rows, int)]
    examples = (
        _examples(con, table, f"from {relation} where {where}", failing, there) if failing else {}
    )
    return [
        _columns(name, table, missing),
        *(_result(name, rule, rows, examples.get(rule.check, "")) for rule, rows in found),
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


def _result(name: str, rule: Rule, rows: int | str, observed: str) -> Result:
    """A rule that makes no sense of its column is broken, whatever its rows are."""
    if isinstance(rows, str):
        rows, observed = 0, f"cannot be asked: {rows}"
    return Result(
        name, rule.check, "constraint", rule.severity, passed=not rows and not observed,
        rows=rows, observed=observed, expected=rule.expected,
    )  # fmt: skip


def _broken(
    con: duckdb.DuckDBPyConnection, relation: str, where: str, rules: Sequence[Rule]
) -> list[int | str]:
    """By rule, how many rows break it; why it cannot be asked of its column."""
    if not rules:
        return []
    counted = ", ".join(f"count(*) filter (where {rule.broken})" for rule in rules)
    try:
        row = con.execute(f"select {counted} from {relation} where {where}").fetchone()
    except (duckdb.BinderException, duckdb.ConversionException) as error:
        if len(rules) == 1:
            return [str(error).splitlines()[0]]
        return [rows for rule in rules for rows in _broken(con, relation, where, [rule])]
    assert row is not None
    return list(row)


def _examples(
    con: duckdb.DuckDBPyConnection,
    table: TablePolicy,
    rows: str,
    failing: Sequence[Rule],
    types: Mapping[str, str],
) -> Mapping[str, str]:
    """By check, a few of the values that break it; personal ones are only counted."""
    from pandera.errors import SchemaErrors

    names = dict.fromkeys(rule.column for rule in failing)
    picked = ", ".join(map(_quoted, names))
    broken = " or ".join(f"({rule.broken})" for rule in failing)
    offending = f"select {picked} {rows} and ({broken}) limit {_LOOKED_AT}"
    alike = [rule for rule in failing if rule.alike(types[rule.column])]
    found = {
        rule.check: _named(con, table, f"{rows} and ({rule.broken})", rule)
        for rule in failing
        if rule not in alike
    }
    frame = con.execute(offending).pl()
    asked = table.model_copy(
        update={"columns": {rule.column: table.columns[rule.column] for rule in alike}}
    )
    try:
        schema_of(asked).validate(frame, lazy=True)
    except SchemaErrors as errors:
        cases: list[dict[str, Any]] = errors.failure_cases.to_dicts()
        found |= {rule.check: _shown(table, rule, cases) for rule in alike}
    return found


def _named(con: duckdb.DuckDBPyConnection, table: TablePolicy, rows: str, rule: Rule) -> str:
    """What Pandera has no words for: numbers that are texts, texts of what is none."""
    if table.columns[rule.column].personal:
        return "personal values"
    told = f"select cast({_quoted(rule.column)} as varchar) as told {rows} limit {_LOOKED_AT}"
    values = con.execute(f"select distinct told from ({told}) order by told limit {_SHOWN}")
    return ", ".join(str(told) for (told,) in values.fetchall())


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


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

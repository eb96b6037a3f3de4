"""Rules of columns: counted by DuckDB, named by Pandera, and both of one mind."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import duckdb
import polars as pl
import pytest
from pandera.errors import SchemaErrors

from bodega.data.pipelines.bronze import TABLES
from bodega.data.quality.constraints import judge, rules_of, schema_of
from bodega.data.quality.policy import QualityMalformed, TablePolicy, read_policy
from bodega.data.quality.results import Result

SAID = TablePolicy.model_validate(
    {
        "columns": {
            "status": {"required": True, "one_of": ["paid", "it's off"], "severity": "block"},
            "amount": {"at_least": 0, "at_most": 100},
            "currency": {"matches": "[A-Z]{3}"},
            "email": {"matches": ".+@.+", "personal": True},
        }
    }
)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute(
            "create table t as select * from (values "
            "('paid', 5, 'GBP', 'a@b'), ('it''s off', null, null, null), "
            "(null, -1, 'gbp', 'nobody'), ('lost', 101, 'EURO', 'a@b')) "
            "t(status, amount, currency, email)"
        )
        yield con


def by_check(results: list[Result]) -> dict[str, Result]:
    return {result.check: result for result in results}


def test_each_rule_tells_how_many_rows_break_it_and_which_values(
    con: duckdb.DuckDBPyConnection,
) -> None:
    found = by_check(judge(con, "gold.t", SAID, "t"))
    assert found["columns"].passed
    told = {check: (r.rows, r.observed, r.severity) for check, r in found.items() if not r.passed}
    assert told == {
        "status required": (1, "nothing", "block"),
        "status one of": (1, "lost", "block"),
        "amount range": (1, "-1", "warn"),
        "amount upper range": (1, "101", "warn"),
        "currency pattern": (2, "EURO, gbp", "warn"),
        "email pattern": (1, "personal values", "warn"),
    }


def test_a_rule_that_makes_no_sense_of_its_column_is_told_beside_the_others(
    con: duckdb.DuckDBPyConnection,
) -> None:
    con.execute(
        "create or replace table t as select * from (values ('11.6', 1, date '2026-01-01', null), "
        "('dear', 33, null, 'x'), ('50', 2, null, 'x')) t(price, kind, day, \"we\"\"ird\")"
    )
    said = TablePolicy.model_validate(
        {
            "columns": {
                "price": {"at_least": 12, "at_most": 100},
                "kind": {"one_of": ["1", "2"]},
                "day": {"at_least": 5, "severity": "block"},
                'we"ird': {"required": True},
            }
        }
    )
    told = {r.check: (r.rows, r.observed[:16]) for r in judge(con, "g", said, "t") if not r.passed}
    assert told == {
        "price range": (2, "11.6, dear"),
        "price upper range": (1, "dear"),
        "kind one of": (1, "33"),
        "day range": (0, "cannot be asked:"),
        'we"ird required': (1, "nothing"),
    }


@pytest.mark.parametrize(
    "rule",
    ['matches: "("', 'matches: "(?!a)b"', "one_of: []", "at_least: .nan", "at_most: .inf",
     "{at_least: 5, at_most: 4}"],
    ids=["open", "lookahead", "none", "nan", "endless", "crossed"],
)  # fmt: skip
def test_a_rule_that_could_never_be_asked_is_refused(tmp_path: Path, rule: str) -> None:
    (file := tmp_path / "quality.yml").write_text(
        f"tables: {{gold.fct_orders: {{columns: {{country: {{{rule.strip('{}')}}}}}}}}}"
    )
    with pytest.raises(QualityMalformed, match=r"columns\.country"):
        read_policy(file)


def test_only_the_rows_of_a_load_are_looked_at(con: duckdb.DuckDBPyConnection) -> None:
    assert all(r.passed for r in judge(con, "gold.t", SAID, "t", "status in ('paid', 'it''s off')"))


def test_a_column_that_is_gone_is_told(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("alter table t drop column status")
    found = by_check(judge(con, "gold.t", SAID, "t"))["columns"]
    assert (found.passed, found.severity, found.observed) == (False, "block", "missing: status")


def test_duckdb_and_pandera_refuse_the_same_values() -> None:
    """Every combination at once; both count the values that break each rule."""
    values = {
        "status": ["paid", "it's off", "lost", "", " paid", None],
        "amount": [-3, -1, 0, 1, 100, 101, None],
        "currency": ["GBP", "GB", "gbp", "GBPX", "GBP\n", "", None],
        "email": ["a@b", "@", "a@", "@a", "", None],
    }
    rows = [dict(zip(values, row, strict=True)) for row in product(*values.values())]
    frame = pl.DataFrame(rows)
    with duckdb.connect() as con:
        con.register("t", frame.to_arrow())
        counted = {r.check: r.rows for r in judge(con, "gold.t", SAID, "t") if r.rows}
    with pytest.raises(SchemaErrors) as raised:
        schema_of(SAID).validate(frame, lazy=True)
    cases = raised.value.failure_cases.to_dicts()
    named = {
        rule.check: sum(
            case["column"] == rule.column and str(case["check"]).startswith(rule.told)
            for case in cases
        )
        for rule in rules_of(SAID)
    }
    assert counted == named
    assert all(counted.values())


def test_every_table_of_the_feed_has_a_policy(tmp_path: Path) -> None:
    policy = read_policy(tmp_path / "none.yml")
    assert [name for name in TABLES if policy.of(f"bronze.{name}").into is None] == []

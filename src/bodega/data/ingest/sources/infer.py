"""What type a column of text is, judged by every value of a page."""

from collections.abc import Container, Iterable, Mapping

import duckdb
import pyarrow as pa

from bodega.data.ingest.sources.casts import (
    DATE,
    NUMBER,
    PLAIN_INTEGER,
    TIME,
    as_text,
    kind_of,
)
from bodega.data.ingest.sources.contract import Column

_ORDER = ("boolean", "integer", "number", "date", "timestamp")


def infer(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    names: Iterable[str],
    schema: pa.Schema,
    hints: Mapping[str, str],
) -> list[Column]:
    """Columns for those `names` of `relation` that hold any value.

    Numbers with leading zeros are text: they are codes. Where the source states a type (`hints`),
    text stays text unless it is a date or a time.
    """
    judged = _judge(con, relation, list(names), schema, hints)
    return [Column(name=name, type=kind) for name, kind in judged.items() if kind is not None]


def _judge(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    names: list[str],
    schema: pa.Schema,
    hints: Mapping[str, str],
) -> dict[str, str | None]:
    """All columns in one look; None for one without any value."""
    asked = {name: _kinds(schema.field(name).type, hints.get(name)) for name in names}
    tests: list[str] = []
    for name, (_, kinds) in asked.items():
        text = (
            f"nullif(trim({as_text(name, schema.field(name).type)}), '')" if kinds else f'"{name}"'
        )
        tests.append(f"count({text})")
        tests += [
            f"coalesce(bool_and({_test(kind, text)}) filter ({text} is not null), false)"
            for kind in kinds
        ]
    if not tests:
        return {}
    row = con.execute(f"select {', '.join(tests)} from {relation}").fetchone()
    assert row is not None
    answers = iter(row)
    judged: dict[str, str | None] = {}
    for name, (otherwise, kinds) in asked.items():
        filled = next(answers)
        fits = [kind for kind in kinds if next(answers)]
        judged[name] = (fits[0] if fits else otherwise) if filled else None
    return judged


def _kinds(given: pa.DataType, said: str | None) -> tuple[str, tuple[str, ...]]:
    """What a column is if nothing else, and what it might be."""
    known = kind_of(given)
    if known is not None:
        return known, ()
    if said not in (None, "string"):
        return str(said), ()
    return "string", ("date", "timestamp") if said else _ORDER


def _test(kind: str, text: str) -> str:
    number = f"isfinite(try_cast({text} as double))"
    return {
        "boolean": f"lower({text}) in ('true', 'false')",
        "integer": f"try_cast({text} as bigint) is not null "
        f"and regexp_full_match({text}, '{PLAIN_INTEGER}')",
        "number": f"{number} and regexp_full_match({text}, '{NUMBER}') "
        f"and not regexp_matches({text}, '^[+-]?0\\d')",
        "date": f"regexp_full_match({text}, '{DATE}') and try_cast({text} as date) is not null",
        "timestamp": f"regexp_full_match({text}, '{TIME}') "
        f"and try_cast({text} as timestamptz) is not null",
    }[kind]


def infer_columns(rows: pa.Table, hints: Mapping[str, str], known: Container[str]) -> list[Column]:
    """As `infer`, for the columns of `rows` that are not `known`."""
    unknown = [name for name in rows.column_names if name not in known]
    if not unknown:
        return []
    with duckdb.connect(":memory:") as con:
        con.execute("set TimeZone = 'UTC'")
        con.register("page", rows)
        return infer(con, "page", unknown, rows.schema, hints)

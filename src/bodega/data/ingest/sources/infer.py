"""What type a column of text is, judged by every value of a page."""

from collections.abc import Iterable, Mapping

import duckdb
import pyarrow as pa

from bodega.data.ingest.sources.casts import (
    DATE,
    NUMBER,
    PLAIN_INTEGER,
    TIME,
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
    found: list[Column] = []
    for name in names:
        given = schema.field(name).type
        kind = kind_of(given)
        said = hints.get(name)
        if kind is None:
            kind = said if said not in (None, "string") else None
        judged = kind or _judge(con, relation, name, ("date", "timestamp") if said else _ORDER)
        if kind is not None and not _any(con, relation, name):
            continue
        if judged is not None:
            found.append(Column(name=name, type=judged))
    return found


def _any(con: duckdb.DuckDBPyConnection, relation: str, name: str) -> bool:
    row = con.execute(f'select count("{name}") > 0 from {relation}').fetchone()
    return bool(row and row[0])


def _judge(
    con: duckdb.DuckDBPyConnection, relation: str, name: str, kinds: tuple[str, ...]
) -> str | None:
    """None for a column without any value."""
    value = "v"
    tests = {
        "boolean": f"lower({value}) in ('true', 'false')",
        "integer": f"regexp_full_match({value}, '{PLAIN_INTEGER}') "
        f"and try_cast({value} as bigint) is not null",
        "number": f"regexp_full_match({value}, '{NUMBER}') "
        f"and not regexp_matches({value}, '^[+-]?0\\d') and isfinite(try_cast({value} as double))",
        "date": f"regexp_full_match({value}, '{DATE}') and try_cast({value} as date) is not null",
        "timestamp": f"regexp_full_match({value}, '{TIME}') "
        f"and try_cast({value} as timestamptz) is not null",
    }
    judged = ", ".join(f"coalesce(bool_and({tests[kind]}), false)" for kind in kinds)
    row = con.execute(
        f"select count(*), {judged} from "
        f"(select nullif(trim(\"{name}\"), '') as v from {relation}) where v is not null"
    ).fetchone()
    assert row is not None
    if not row[0]:
        return None
    return next((kind for kind, fits in zip(kinds, row[1:], strict=True) if fits), "string")

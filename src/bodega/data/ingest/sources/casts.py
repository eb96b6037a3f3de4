"""Types of the lake in DuckDB's words: how text becomes a value, and when it does not.

Each cast answers null for what does not fit, so that the row can be set aside with its reason
instead of failing the page. Nothing is rounded, wrapped or guessed on the way: `1.5` is no integer,
`NaN` no number, `1.239` no decimal(10,2).
"""

from collections.abc import Callable

import pyarrow as pa

from bodega.data.ingest.sources.contract import Column

INTEGER = r"[+-]?\d+(\.0*)?"
NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
PLAIN_INTEGER = r"[+-]?(0|[1-9]\d*)"
DATE = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}"
TIME = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}[T ]\d{1,2}:\d{2}.*"

_NATIVE = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMPTZ",
    "json": "VARCHAR",
}


def native(kind: str) -> str:
    """DuckDB's name of a type."""
    return _NATIVE.get(kind) or kind.upper()


def arrow(kind: str) -> pa.DataType:
    """Arrow's name of a type."""
    simple = {
        "string": pa.string(),
        "json": pa.string(),
        "integer": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us", tz="UTC"),
    }
    if kind in simple:
        return simple[kind]
    precision, scale = kind.removeprefix("decimal(").removesuffix(")").split(",")
    return pa.decimal128(int(precision), int(scale))


_KINDS: tuple[tuple[Callable[[pa.DataType], bool], str], ...] = (
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_uint64, "decimal(20,0)"),
    (pa.types.is_integer, "integer"),
    (pa.types.is_floating, "number"),
    (pa.types.is_date, "date"),
    (pa.types.is_timestamp, "timestamp"),
    (pa.types.is_nested, "json"),
)


def kind_of(given: pa.DataType) -> str | None:
    """The type of the lake for a typed column; None for text, which has to be looked at."""
    if pa.types.is_decimal(given):
        return f"decimal({min(given.precision, 38)},{given.scale})"
    return next((kind for fits, kind in _KINDS if fits(given)), None)


def as_text(name: str, given: pa.DataType) -> str:
    """A column as text, whatever it is."""
    quoted = f'"{name}"'
    if kind_of(given) == "json":
        return f"to_json({quoted})::varchar"
    if _is_binary(given):
        return f"coalesce(try(decode({quoted})), cast({quoted} as varchar))"
    return quoted if pa.types.is_string(given) else f"cast({quoted} as varchar)"


def _is_binary(given: pa.DataType) -> bool:
    """Bytes: text where they are UTF-8, else each odd one written as `\\xFF`."""
    return bool(pa.types.is_binary(given) or pa.types.is_large_binary(given))


def cast(column: Column, given: pa.DataType) -> str:
    """SQL of the value in its type; null where it does not fit."""
    quoted = f'"{column.name}"'
    if kind_of(given) == column.type and column.type != "json":
        if column.type == "number":
            return f"case when isfinite({quoted}::double) then {quoted}::double end"
        return f"try_cast({quoted} as {native(column.type)})"
    return _from_text(column, f"trim({as_text(column.name, given)})", as_text(column.name, given))


def _from_text(column: Column, trimmed: str, text: str) -> str:
    kind, target = column.type, native(column.type)
    if kind.startswith("decimal"):
        return _exactly(kind, trimmed)
    if column.format and kind in ("date", "timestamp"):
        pattern = column.format.replace("'", "''")
        return f"try_cast(try_strptime({trimmed}, '{pattern}') as {target})"
    number = f"try_cast({trimmed} as double)"
    by_kind = {
        "string": text,
        "json": f"case when json_valid({text}) then {text} end",
        "integer": f"case when regexp_full_match({trimmed}, '{INTEGER}') "
        f"then try_cast(split_part({trimmed}, '.', 1) as bigint) end",
        "number": f"case when regexp_full_match({trimmed}, '{NUMBER}') "
        f"and isfinite({number}) then {number} end",
    }
    return by_kind.get(kind, f"try_cast({trimmed} as {target})")


def _exactly(kind: str, trimmed: str) -> str:
    """A decimal that loses no digit; `1e-7` is compared as a number, having no digits to count."""
    exact = f"try_cast({trimmed} as {native(kind)})"
    rest = f"length(rtrim(split_part({trimmed}, '.', 2), '0'))"
    return (
        f"case when not regexp_full_match({trimmed}, '{NUMBER}') then null "
        f"when regexp_matches({trimmed}, '[eE]') "
        f"then case when {exact}::double = try_cast({trimmed} as double) then {exact} end "
        f"when {rest} <= {arrow(kind).scale} then {exact} end"
    )


def filled(name: str, given: pa.DataType, kind: str) -> str:
    """Whether the source said anything: for other types than text, an empty string is nothing."""
    if pa.types.is_string(given) and kind != "string":
        return f"nullif(trim(\"{name}\"), '') is not null"
    return f'"{name}" is not null'


def says(kind: str) -> str:
    """`not a date`, for a reason."""
    article = "an" if kind == "integer" else "a"
    words = {"json": "JSON", "integer": "integer of 64 bits", "number": "finite number"}
    return f"not {article} {words.get(kind, kind)}" if kind != "json" else "not JSON"

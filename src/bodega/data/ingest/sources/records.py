"""Records as an API sends them, turned into columns of text with the types JSON gave them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from bodega.data.ingest.sources.contract import Reject, field_names


def rows_to_table(
    rows: Sequence[Any],
) -> tuple[pa.Table, dict[str, str], tuple[Reject, ...]]:
    """Columns, the JSON type of each, and what was no record."""
    good = [row for row in rows if isinstance(row, Mapping)]
    rejects = tuple(
        Reject(json.dumps(row, default=str), "record: not a JSON object")
        for row in rows
        if not isinstance(row, Mapping)
    )
    members = list(dict.fromkeys(member for row in good for member in row))
    names = field_names(members)
    columns: dict[str, pa.Array] = {}
    hints: dict[str, str] = {}
    for member, name in zip(members, names, strict=True):
        values = [row.get(member) for row in good]
        columns[name] = pa.array([_text(value) for value in values], pa.string())
        kinds = {_kind(value) for value in values if value is not None}
        if kinds:
            hints[name] = _joined(kinds)
    return pa.table(columns), hints, rejects


class Digits(str):
    """A number of JSON with the digits it was written in."""

    __slots__ = ()


def parse(content: bytes | str) -> Any:
    """JSON whose fractions keep their digits. Raises ValueError."""
    try:
        return json.loads(content, parse_float=Digits, parse_constant=Digits)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        return str(value).encode("utf-8", "replace").decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return _json(value).encode("utf-8", "replace").decode()


def _json(value: Any) -> str:
    """As `json.dumps`, which would put digits between quotes."""
    if isinstance(value, Digits) and value[-1].isdigit():
        return str(value)
    if isinstance(value, Mapping):
        members = (f"{_json(str(name))}: {_json(kept)}" for name, kept in value.items())
        return f"{{{', '.join(members)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_json(kept) for kept in value)}]"
    return json.dumps(value, ensure_ascii=False)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float | Digits):
        return "number"
    return "string" if isinstance(value, str) else "json"


def _joined(kinds: set[str]) -> str:
    if len(kinds) == 1:
        return next(iter(kinds))
    return "number" if kinds == {"integer", "number"} else "string"

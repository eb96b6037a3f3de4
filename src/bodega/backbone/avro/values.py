"""Values on their way from JSON to Avro, checked to the last field, and back."""

from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_jsonable_python

from bodega.backbone.avro.errors import NotOfSchema
from bodega.backbone.avro.resolve import Names, names_of, plain
from bodega.backbone.avro.schemas import Schema

_RANGES = {"int": 2**31, "long": 2**63}
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,), "bytes": (bytes,), "boolean": (bool,), "null": (type(None),),
    "float": (float, int), "double": (float, int), "int": (int,), "long": (int,),
}  # fmt: skip


class Shape:
    """A schema by which many values are checked."""

    def __init__(self, schema: Schema) -> None:
        self.schema = deepcopy(schema)
        self._names: Names = names_of(self.schema)

    def datum(self, value: Any) -> Any:
        """What fastavro writes for a value as JSON has it: ids and times are read, absent fields
        take their default, others than the schema's are left out. Raises NotOfSchema."""
        return self._take(self.schema, value, "")

    def _take(self, schema: Schema, value: Any, at: str) -> Any:
        known = plain(schema, self._names)
        if isinstance(known, list):
            return self._branch(known, value, at)
        kind = known["type"]
        if kind == "record":
            return self._record(known, value, at)
        if kind == "array":
            items = _of(list, value, at)
            return [self._take(known["items"], v, f"{at}[{n}]") for n, v in enumerate(items)]
        if kind == "map":
            members = _of(dict, value, at)
            return {k: self._take(known["values"], v, f"{at}.{k}") for k, v in members.items()}
        if "logicalType" in known:
            value = _logical(known["logicalType"], value, at)
            if not isinstance(value, str | int):
                return value
        return _plain_value(kind, value, at)

    def _record(self, known: Mapping[str, Any], value: Any, at: str) -> dict[str, Any]:
        given, made = _of(dict, value, at), {}
        for field in known["fields"]:
            name = field["name"]
            here = f"{at}.{name}" if at else name
            if name in given:
                made[name] = self._take(field["type"], given[name], here)
            elif "default" in field:
                made[name] = self._take(field["type"], field["default"], here)
            else:
                raise NotOfSchema(f"{here} is missing")
        return made

    def _branch(self, branches: list[Schema], value: Any, at: str) -> Any:
        refused: NotOfSchema | None = None
        for branch in branches:
            if (branch == "null") != (value is None):
                continue
            try:
                return self._take(branch, value, at)
            except NotOfSchema as error:
                refused = error
        raise refused or NotOfSchema(f"{at} is {_said(value)}")


def as_json(datum: Any) -> Any:
    """A value that fastavro has read, as JSON has it."""
    return to_jsonable_python(datum)


def _of(kind: type, value: Any, at: str) -> Any:
    if not isinstance(value, kind):
        raise NotOfSchema(f"{at or 'the whole'} is {_said(value)}, not a {kind.__name__}")
    return value


def _plain_value(kind: str, value: Any, at: str) -> Any:
    wrong = not isinstance(value, _TYPES.get(kind, (object,)))
    if wrong or (isinstance(value, bool) and kind != "boolean"):
        raise NotOfSchema(f"{at} is {_said(value)}, not {kind}")
    if kind in _RANGES and not -_RANGES[kind] <= value < _RANGES[kind]:
        raise NotOfSchema(f"{at} is {value}, too large for {kind}")
    return value


def _logical(kind: str, value: Any, at: str) -> Any:
    """Ids, times and days of their texts."""
    if not isinstance(value, str):
        return value
    try:
        if kind == "uuid":
            return str(UUID(value))
        if kind == "timestamp-micros":
            read = datetime.fromisoformat(value)
            return read if read.tzinfo else read.replace(tzinfo=UTC)
        return date.fromisoformat(value) if kind == "date" else value
    except ValueError as error:
        raise NotOfSchema(f"{at} is {_said(value)}, not a {kind}") from error


def _said(value: Any) -> str:
    return "null" if value is None else f"{value!r:.60}"

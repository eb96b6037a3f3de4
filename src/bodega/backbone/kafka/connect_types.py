"""Kafka Connect's ways to write what JSON and Avro have no type for, read as bronze has it: days,
times and instants as ISO 8601, decimals as digits, JSON embedded. Names as in Debezium's manual,
"Data type mappings"."""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from bodega.backbone.avro.resolve import Names, plain

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DECIMAL = "org.apache.kafka.connect.data.Decimal"


class Semantic(NamedTuple):
    """What a field means beyond its plain type; `scale` is a decimal's."""

    name: str
    scale: int = 0


Semantics = Mapping[str, Semantic]
"""By column."""


def _day(value: Any, _scale: int) -> Any:
    return (date(1970, 1, 1) + timedelta(days=value)).isoformat() if _whole(value) else value


def _instant(per_second: int) -> Callable[[Any, int], Any]:
    def read(value: Any, _scale: int) -> Any:
        if not _whole(value):
            return value
        at = _EPOCH + timedelta(microseconds=value * 1_000_000 // per_second)
        return at.replace(tzinfo=None).isoformat()

    return read


def _hours(per_second: int) -> Callable[[Any, int], Any]:
    def read(value: Any, _scale: int) -> Any:
        if not _whole(value):
            return value
        micros = value * 1_000_000 // per_second
        return (datetime.min + timedelta(microseconds=micros)).time().isoformat()  # noqa: DTZ901

    return read


def _decimal(value: Any, scale: int) -> Any:
    """Big-endian two's complement in base64, `scale` digits behind the point."""
    if not isinstance(value, str):
        return value
    whole = int.from_bytes(base64.b64decode(value), "big", signed=True)
    return format(Decimal(whole).scaleb(-scale), "f")


def _scaled(value: Any, _scale: int) -> Any:
    if not isinstance(value, Mapping):
        return value
    return _decimal(value["value"], int(value["scale"]))


def _json(value: Any, _scale: int) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_READERS: dict[str, Callable[[Any, int], Any]] = {
    "io.debezium.time.Date": _day,
    "io.debezium.time.Time": _hours(1_000),
    "io.debezium.time.MicroTime": _hours(1_000_000),
    "io.debezium.time.NanoTime": _hours(1_000_000_000),
    "io.debezium.time.Timestamp": _instant(1_000),
    "io.debezium.time.MicroTimestamp": _instant(1_000_000),
    "io.debezium.time.NanoTimestamp": _instant(1_000_000_000),
    "io.debezium.data.VariableScaleDecimal": _scaled,
    "io.debezium.data.Json": _json,
    "org.apache.kafka.connect.data.Date": _day,
    "org.apache.kafka.connect.data.Time": _hours(1_000),
    "org.apache.kafka.connect.data.Timestamp": _instant(1_000),
    _DECIMAL: _decimal,
}


def meant(row: Mapping[str, Any], semantics: Semantics) -> dict[str, Any]:
    """The row with its values as bronze has them. Raises ValueError, OverflowError."""
    return {
        name: _READERS[semantics[name].name](value, semantics[name].scale)
        if value is not None and name in semantics
        else value
        for name, value in row.items()
    }


def of_connect(schema: Mapping[str, Any], *, within: str | None) -> dict[str, Semantic]:
    """From the schema beside a JSON payload; `within` names the field of the envelope whose
    columns are asked for, None the columns of a key."""
    fields = schema.get("fields") or ()
    if within is not None:
        inner: Mapping[str, Any] = next((f for f in fields if f.get("field") == within), {})
        fields = inner.get("fields") or ()
    return {
        str(field["field"]): Semantic(str(field["name"]), _scale(field.get("parameters")))
        for field in fields
        if field.get("name") in _READERS and "field" in field
    }


def of_avro(schema: Any, names: Names, *, within: str | None) -> dict[str, Semantic]:
    """From an Avro schema whose types are remarked `connect.name`."""
    record = _record(plain(schema, names), names)
    if record is not None and within is not None:
        found = next((f for f in record["fields"] if f["name"] == within), None)
        record = _record(plain(found["type"], names), names) if found else None
    semantics = {}
    for field in record["fields"] if record else ():
        told = _remarked(field["type"], names)
        # what Avro itself has a type for was read by that already
        if told.get("connect.name") in _READERS and "logicalType" not in told:
            scale = told.get("scale") or _scale(told.get("connect.parameters"))
            semantics[field["name"]] = Semantic(told["connect.name"], int(scale))
    return semantics


def _record(schema: Any, names: Names) -> Mapping[str, Any] | None:
    if isinstance(schema, list):
        known = [plain(branch, names) for branch in schema]
        schema = next((branch for branch in known if branch["type"] == "record"), {})
    return schema if schema.get("type") == "record" else None


def _remarked(schema: Any, names: Names) -> Mapping[str, Any]:
    """The branch that carries remarks, with them: `plain` alone would lose those of a name."""
    branches = schema if isinstance(schema, list) else [schema]
    return next(
        (
            known
            for known in (b if isinstance(b, dict) else plain(b, names) for b in branches)
            if "connect.name" in known
        ),
        {},
    )


def _scale(parameters: Any) -> int:
    return int((parameters or {}).get("scale", 0))

"""Avro schemas of tables, as Debezium makes them: key, row and envelope; every column may be null,
so that one that comes or goes breaks nobody."""

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any, NamedTuple

from bodega.backbone.avro.schemas import Record, Schema
from bodega.backbone.changes.connection import sql_connection
from bodega.backbone.kafka.debezium import UNAVAILABLE

_COLUMNS = """
SELECT a.attname, a.atttypid::int, a.attndims > 0 OR t.typcategory = 'A',
       coalesce(a.attnum = any(i.indkey::int2[]), false)
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_JSON = {"type": "string", "connect.name": "io.debezium.data.Json"}
_TYPES: dict[int, Schema] = {
    16: "boolean",
    21: "int",
    23: "int",
    20: "long",
    26: "long",
    700: "double",
    701: "double",
    2950: {"type": "string", "connect.name": "io.debezium.data.Uuid"},
    1184: {"type": "string", "connect.name": "io.debezium.time.ZonedTimestamp"},
    114: _JSON,
    3802: _JSON,
}
_SOURCE = [
    ("version", "string"),
    ("connector", "string"),
    ("name", "string"),
    ("ts_ms", "long"),
    ("snapshot", "string"),
    ("db", "string"),
    ("sequence", "string"),
    ("schema", "string"),
    ("table", "string"),
    ("txId", "long"),
    ("lsn", "long"),
]


class TableSchemas(NamedTuple):
    """Of one table; `columns` have their type without the null."""

    key: Record
    value: Record
    columns: Mapping[str, Schema]


class RowSchemas:
    """Asks the database for a table's columns when it sees the table first, and again when a row
    has a column it did not have then. Sealed columns are text, whatever they were."""

    def __init__(
        self,
        dsn: str,
        published: Mapping[str, Sequence[str]],
        sealed: Mapping[str, Sequence[str]],
    ) -> None:
        self._dsn = dsn
        self._published = published
        self._sealed = sealed
        self._known: dict[str, TableSchemas] = {}

    def of(self, table: str, topic: str, value: Mapping[str, Any]) -> TableSchemas:
        """Raises psycopg.Error."""
        known = self._known.get(table)
        row = value["after"] or value["before"] or {}
        if known is None or row.keys() - known.columns.keys():
            known = self._known[table] = self._asked(table, topic, row)
        return known

    def _asked(self, table: str, topic: str, row: Mapping[str, Any]) -> TableSchemas:
        with closing(sql_connection(self._dsn)) as connection:
            found = connection.execute(_COLUMNS, [table]).fetchall()
        wanted, sealed = self._published.get(table, ()), self._sealed.get(table, ())
        columns: dict[str, Schema] = {
            str(name): "string" if name in sealed else _JSON if listed else _type(oid)
            for name, oid, listed, _ in found
            if name in wanted
        }
        # one that is gone by now, from a change of before
        columns |= {name: "string" for name in row if name not in columns}
        keys = [str(name) for name, _, _, is_key in found if is_key and name in columns]
        return TableSchemas(_key(topic, keys, columns), _value(topic, columns), columns)


def _type(oid: object) -> Schema:
    return _TYPES.get(int(str(oid)), "string")


def _key(topic: str, keys: Sequence[str], columns: Mapping[str, Schema]) -> Record:
    return _record("Key", topic, [(name, columns[name]) for name in keys])


def _value(topic: str, columns: Mapping[str, Schema]) -> Record:
    row = _record("Value", topic, [])
    row["fields"] = [
        {"name": name, "type": ["null", kind], "default": None} for name, kind in columns.items()
    ]
    made = _record("Envelope", topic, [])
    made["fields"] = [
        {"name": "before", "type": ["null", row], "default": None},
        {"name": "after", "type": ["null", f"{row['namespace']}.Value"], "default": None},
        {"name": "source", "type": _record("Source", topic, _SOURCE)},
        {"name": "op", "type": "string"},
        {"name": "ts_ms", "type": ["null", "long"], "default": None},
    ]
    return made


def _record(name: str, topic: str, fields: Sequence[tuple[str, Schema]]) -> Record:
    return {
        "type": "record",
        "name": name,
        "namespace": topic.replace("-", "_"),
        "fields": [{"name": field, "type": kind} for field, kind in fields],
    }


def avro_key(key: Mapping[str, Any], schemas: TableSchemas) -> dict[str, Any]:
    return _fitted(key, schemas)


def avro_value(value: Mapping[str, Any], schemas: TableSchemas) -> dict[str, Any]:
    """The envelope's rows as their schemas have them."""
    rows = {name: value[name] and _fitted(value[name], schemas) for name in ("before", "after")}
    return {**value, **rows}


def _fitted(row: Mapping[str, Any], schemas: TableSchemas) -> dict[str, Any]:
    return {
        name: None if value is None else _value_of(schemas.columns[name], value)
        for name, value in row.items()
        if name in schemas.columns
    }


def _value_of(kind: Schema, value: Any) -> Any:
    plain = kind["type"] if isinstance(kind, dict) else kind
    if plain == "string":
        inside = isinstance(kind, dict) and kind.get("connect.name") == _JSON["connect.name"]
        if value == UNAVAILABLE or (isinstance(value, str) and not inside):
            return value
        return json.dumps(value, ensure_ascii=False)
    if plain == "double":
        return float(value)
    return value

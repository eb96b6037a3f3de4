"""Debezium's messages are read in every form they come in, and ours look like them."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from bodega.backbone.changes.envelope import Change
from bodega.backbone.kafka.debezium import UNAVAILABLE, Told, envelope
from bodega.backbone.kafka.errors import Undecodable
from bodega.backbone.kafka.registry import Registry
from bodega.backbone.kafka.row_messages import RowMessages
from bodega.backbone.kafka.wire import AvroWire

SOURCE = {"version": "3.3.1.Final", "connector": "postgresql", "name": "crm", "ts_ms": 1000,
          "snapshot": "false", "db": "crm", "schema": "public", "table": "people", "txId": 556,
          "lsn": 24023128}  # fmt: skip


def field(name: str, type_: str, semantic: str = "", **more: Any) -> dict[str, Any]:
    named = {"name": semantic} if semantic else {}
    return {"type": type_, "optional": True, "field": name, **named, **more}


COLUMNS = [
    field("id", "int64"),
    field("born", "int32", "io.debezium.time.Date"),
    field("seen", "int64", "io.debezium.time.MicroTimestamp"),
    field("wakes", "int64", "io.debezium.time.MicroTime"),
    field("at", "string", "io.debezium.time.ZonedTimestamp"),
    field("paid", "bytes", "org.apache.kafka.connect.data.Decimal", parameters={"scale": "2"}),
    field("any", "struct", "io.debezium.data.VariableScaleDecimal"),
    field("tags", "string", "io.debezium.data.Json"),
]
ROW = {"id": 1, "born": 7, "seen": 1_000_001, "wakes": 3_600_000_000, "at": "2026-01-01T00:00:00Z",
       "paid": "/y4=", "any": {"scale": 3, "value": "AQ=="}, "tags": '{"a": [1]}'}  # fmt: skip
CLEAR = {"id": 1, "born": "1970-01-08", "seen": "1970-01-01T00:00:01.000001", "wakes": "01:00:00",
         "at": "2026-01-01T00:00:00Z", "paid": "-2.10", "any": "0.001",
         "tags": {"a": [1]}}  # fmt: skip
KEY_SCHEMA = {"type": "struct", "fields": [field("id", "int64")]}
SCHEMA = {
    "type": "struct",
    "fields": [
        {"type": "struct", "fields": COLUMNS, "field": "before"},
        {"type": "struct", "fields": COLUMNS, "field": "after"},
    ],
}


def value(op: str, before: Any = None, after: Any = None) -> dict[str, Any]:
    return {"before": before, "after": after, "op": op, "source": SOURCE, "ts_ms": 2000}


async def read(key: Any, content: Any, registry: Registry | None = None) -> Told:
    parts = [
        part if part is None or isinstance(part, bytes) else json.dumps(part).encode()
        for part in (key, content)
    ]
    record = SimpleNamespace(key=parts[0], value=parts[1], timestamp=5)
    return await RowMessages(registry).read(record)


async def test_json_without_a_schema_is_taken_as_it_is() -> None:
    assert await read({"id": 1}, value("u", after={"id": 1, "name": "Ada"})) == Told(
        "u", '{"id":1}', None, '{"id":1,"name":"Ada"}', (), 1000, 556
    )


async def test_a_schema_beside_it_tells_what_values_mean() -> None:
    told = await read(
        {"schema": KEY_SCHEMA, "payload": {"id": 1}},
        {"schema": SCHEMA, "payload": value("u", before=ROW, after=ROW)},
    )
    assert told.key == '{"id":1}'
    assert json.loads(told.after or "") == json.loads(told.before or "") == CLEAR


async def test_avro_tells_the_same(registry: Registry) -> None:
    def remarked(plain: Any, semantic: str, **more: Any) -> list[Any]:
        kind = plain if isinstance(plain, dict) else {"type": plain}
        return ["null", {**kind, "connect.name": semantic, **more}]

    any_decimal = {
        "type": "record",
        "name": "VariableScaleDecimal",
        "fields": [{"name": "scale", "type": "int"}, {"name": "value", "type": "bytes"}],
    }
    decimal = {"logicalType": "decimal", "precision": 9, "scale": 2}
    row = {
        "type": "record",
        "name": "Value",
        "fields": [
            {"name": name, "type": kind}
            for name, kind in {
                "id": "long",
                "born": remarked("int", "io.debezium.time.Date"),
                "seen": remarked("long", "io.debezium.time.MicroTimestamp"),
                "paid": remarked("bytes", "org.apache.kafka.connect.data.Decimal", **decimal),
                "tags": remarked("string", "io.debezium.data.Json"),
                "any": ["null", any_decimal],
            }.items()
        ],
    }
    schema = {
        "type": "record",
        "name": "Envelope",
        "namespace": "crm.public.people",
        "fields": [
            {"name": "before", "type": ["null", row]},
            {"name": "after", "type": ["null", "Value"]},
            {"name": "op", "type": "string"},
        ],
    }
    import fastavro

    from bodega.backbone.kafka.wire import _HEAD  # the few bytes before Avro's own

    def written(schema: Any, datum: Any, schema_id: int) -> bytes:
        from decimal import Decimal
        from io import BytesIO

        if isinstance(datum, dict) and datum.get("after"):
            datum["after"]["paid"] = Decimal("-2.10")
        out = BytesIO()
        out.write(_HEAD.pack(0, schema_id))
        fastavro.schemaless_writer(out, schema, datum)
        return out.getvalue()

    key_schema = {"type": "record", "name": "Key", "fields": [{"name": "id", "type": "long"}]}
    key_id = await registry.register("crm-key", key_schema)
    value_id = await registry.register("crm-value", schema)
    after = {"id": 1, "born": 7, "seen": 1_000_001, "tags": '{"a": [1]}', "any": None}
    told = await read(
        written(key_schema, {"id": 1}, key_id),
        written(schema, {"before": None, "after": after, "op": "c"}, value_id),
        registry,
    )
    wanted = {name: CLEAR[name] for name in ("id", "born", "seen", "paid", "tags")}
    assert json.loads(told.after or "") == wanted | {"any": None}
    assert (told.op, told.key, told.ts_ms) == ("c", '{"id":1}', 5)


async def test_tombstones_snapshots_and_truncates() -> None:
    assert await read({"id": 1}, None) == Told("d", '{"id":1}', None, None, (), 5, 0)
    assert (await read({"id": 1}, value("r", after={"id": 1}))).op == "r"
    assert (await read(None, value("t"))) == Told("t", None, None, None, (), 1000, 556)
    deleted = await read({"id": 1}, value("d", before={"id": 1}))
    assert (deleted.before, deleted.after) == ('{"id":1}', None)


async def test_what_an_update_left_out_is_named() -> None:
    after = {"id": 1, "text": UNAVAILABLE, "parts": [UNAVAILABLE], "rate": float("inf")}
    told = await read({"id": 1}, value("u", after=after))
    assert (told.after, told.unchanged) == ('{"id":1,"rate":"Infinity"}', ("text", "parts"))


@pytest.mark.parametrize(
    ("key", "content", "says"),
    [
        ({"id": 1}, {"id": 1, "name": "flat"}, "says nothing in `op`"),
        ({"id": 1}, value("m"), "says 'm' in `op`"),
        (None, value("c", after={"id": 1}), "It has no key"),
        (None, None, "Neither a key nor a value"),
        ({"id": 1}, value("c"), "`after` is no object"),
        ({"id": 1}, [1], "The value is no object"),
        (7, value("d"), "`key` is no object"),
        (b"\xff", value("d"), "neither JSON nor Avro"),
        ({"id": 1}, {"schema": SCHEMA, "payload": value("c", after={"tags": "{"})}, "its schema"),
    ],
    ids=["flat", "op", "keyless", "empty", "no row", "list", "odd key", "bytes", "broken json"],
)
async def test_what_is_no_change_is_told(key: Any, content: Any, says: str) -> None:
    with pytest.raises(Undecodable, match=says):
        await read(key, content)


async def test_what_we_tell_is_read_back(registry: Registry) -> None:
    change = Change("shop.things", "u", '{"id":1}', None, '{"id":1,"n":2}', ("text",), 9, 7, 80, 3)
    sent = envelope(change, name="bodega", database="shop")
    assert sent["source"]["sequence"] == '["80", "3"]'
    told = await read({"id": 1}, sent)
    assert told == Told("u", '{"id":1}', None, '{"id":1,"n":2}', ("text",), 9, 7)
    assert AvroWire(registry)

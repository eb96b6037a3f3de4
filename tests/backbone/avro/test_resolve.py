"""What one schema can read of another, as fastavro reads it and as we say it would."""

from io import BytesIO
from typing import Any

import fastavro
import pytest

from bodega.backbone.avro.resolve import full_problems, problems
from bodega.backbone.avro.schemas import DATE_TYPE, TIME_TYPE


def record(*fields: dict[str, Any], name: str = "A") -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": list(fields)}


def field(name: str, type_: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": type_, **more}


A, B = field("a", "long"), field("b", "string", default="x")
ENUM = {"type": "enum", "name": "E", "symbols": ["a", "b"]}
CASES: dict[str, tuple[Any, Any, Any, bool]] = {
    "same": (record(A), record(A), {"a": 1}, True),
    "added with default": (record(A), record(A, B), {"a": 1}, True),
    "added without": (record(A), record(A, field("b", "string")), {"a": 1}, False),
    "left out": (record(A, B), record(A), {"a": 1, "b": "y"}, True),
    "renamed": (record(A), record(field("c", "long")), {"a": 1}, False),
    "renamed with alias": (record(A), record(field("c", "long", aliases=["a"])), {"a": 1}, True),
    "int to long": (record(field("a", "int")), record(A), {"a": 1}, True),
    "long to int": (record(A), record(field("a", "int")), {"a": 1}, False),
    "number to text": (record(A), record(field("a", "string")), {"a": 1}, False),
    "made nullable": (record(A), record(field("a", ["null", "long"])), {"a": 1}, True),
    "null no more": (record(field("a", ["null", "long"])), record(A), {"a": None}, False),
    "of a list": (
        record(field("a", {"type": "array", "items": "int"})),
        record(field("a", {"type": "array", "items": "string"})),
        {"a": [1]},
        False,
    ),
    "of a map": (
        record(field("a", {"type": "map", "values": "int"})),
        record(field("a", {"type": "map", "values": "long"})),
        {"a": {"k": 1}},
        True,
    ),
    "of a record inside": (
        record(field("a", record(A, name="I"))),
        record(field("a", record(A, field("z", "long"), name="I"))),
        {"a": {"a": 1}},
        False,
    ),
    "symbol gone": (ENUM, {**ENUM, "symbols": ["a"]}, "b", False),
    "symbol gone with default": (ENUM, {**ENUM, "symbols": ["a"], "default": "a"}, "b", True),
    "fixed": (
        {"type": "fixed", "name": "F", "size": 2},
        {"type": "fixed", "name": "F", "size": 3},
        b"ab",
        False,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_said_is_what_fastavro_does(case: str) -> None:
    writer, reader, value, readable = CASES[case]
    found = problems(reader=reader, writer=writer)
    assert (not found) is readable, found
    written = BytesIO()
    fastavro.schemaless_writer(written, writer, value)
    written.seek(0)
    if readable:
        fastavro.schemaless_reader(written, writer, reader)
    else:
        with pytest.raises(Exception):  # noqa: B017, PT011 - fastavro has no tree of errors
            fastavro.schemaless_reader(written, writer, reader)


def test_another_name_another_time_and_fewer_values_are_told_too() -> None:
    assert problems(reader=record(A, name="B"), writer=record(A)) == ["the whole: A is no B"]
    assert problems(reader=record(field("a", TIME_TYPE)), writer=record(A)) == [
        "a: long is no timestamp-micros"
    ]
    assert problems(reader=DATE_TYPE, writer="int") == ["the whole: int is no date"]
    few, many = ({"type": "string", "values": v} for v in (["a"], ["a", "b"]))
    assert full_problems(few, many) == []
    assert full_problems(record(field("k", many)), record(field("k", few))) == [
        "new code cannot read old data: k: b is no longer allowed"
    ]


def test_a_record_within_itself_is_read() -> None:
    tree = record(field("next", ["null", "A"], default=None))
    assert problems(reader=tree, writer=tree) == []


def test_schemas_are_left_as_they_were() -> None:
    inner = record(A, name="I")
    problems(reader=record(field("a", inner)), writer=record(field("a", inner)))
    assert "namespace" not in inner

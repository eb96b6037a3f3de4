"""The decoder against hand-made bytes."""

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodega.backbone.changes.errors import ProtocolError
from bodega.backbone.changes.pgoutput import (
    UNCHANGED,
    Begin,
    Column,
    Commit,
    CustomType,
    Decoder,
    Delete,
    Insert,
    LogicalMessage,
    Origin,
    Relation,
    Truncate,
    Update,
)
from tests.backbone.changes import wire

THINGS = Relation(
    4711,
    "shop",
    "things",
    "d",
    (Column("id", 23, -1, True), Column("name", 25, -1, False), Column("größe", 1700, 7, False)),
)
INSTANT = 1_795_259_614_825_123


@pytest.fixture
def decoder() -> Decoder:
    decoder = Decoder()
    decoder.decode(wire.relation(THINGS))
    return decoder


def test_a_transaction_has_a_begin_and_a_commit() -> None:
    decode = Decoder().decode
    assert decode(wire.begin(2**40, INSTANT, 99)) == Begin(2**40, INSTANT, 99)
    assert decode(wire.commit(2**40, 2**40 + 48, INSTANT)) == Commit(2**40, 2**40 + 48, INSTANT)


def test_a_relation_is_described_with_keys_and_types() -> None:
    assert Decoder().decode(wire.relation(THINGS)) == THINGS
    assert THINGS.qualified_name == "shop.things"


def test_a_relation_without_schema_is_of_the_catalog() -> None:
    decoded = Decoder().decode(wire.relation(THINGS._replace(schema="")))
    assert isinstance(decoded, Relation)
    assert decoded.schema == "pg_catalog"


def test_an_insert_has_text_null_and_empty_values(decoder: Decoder) -> None:
    assert decoder.decode(wire.insert(4711, ["1", "", None])) == Insert(THINGS, ["1", "", None])


def test_an_update_without_a_new_key_has_no_old_values(decoder: Decoder) -> None:
    decoded = decoder.decode(wire.update(4711, ["1", UNCHANGED, "2.50"]))
    assert decoded == Update(THINGS, None, False, ["1", UNCHANGED, "2.50"])


def test_an_update_tells_a_key_from_a_whole_old_row(decoder: Decoder) -> None:
    by_key = decoder.decode(wire.update(4711, ["2", "a", None], key=["1", None, None]))
    in_full = decoder.decode(wire.update(4711, ["1", "b", None], old=["1", "a", None]))
    assert by_key == Update(THINGS, ["1", None, None], True, ["2", "a", None])
    assert in_full == Update(THINGS, ["1", "a", None], False, ["1", "b", None])


def test_a_delete_has_its_key_or_the_whole_row(decoder: Decoder) -> None:
    assert decoder.decode(wire.delete(4711, key=["1", None, None])) == Delete(
        THINGS, ["1", None, None], True
    )
    assert decoder.decode(wire.delete(4711, old=["1", "a", "b"])) == Delete(
        THINGS, ["1", "a", "b"], False
    )


def test_a_truncate_names_all_its_tables(decoder: Decoder) -> None:
    parts = THINGS._replace(id=4712, name="parts")
    decoder.decode(wire.relation(parts))
    decoded = decoder.decode(wire.truncate(4711, 4712, options=3))
    assert decoded == Truncate((THINGS, parts), True, True)


def test_a_changed_relation_replaces_the_old_one(decoder: Decoder) -> None:
    renamed = THINGS._replace(columns=(Column("id", 23, -1, True), Column("title", 25, -1, False)))
    decoder.decode(wire.relation(renamed))
    assert decoder.decode(wire.insert(4711, ["1", "x"])) == Insert(renamed, ["1", "x"])


def test_messages_beside_rows_are_understood() -> None:
    decode = Decoder().decode
    assert decode(b"Y" + struct.pack(">I", 9) + wire.text("shop") + wire.text("mood")) == (
        CustomType(9, "shop", "mood")
    )
    assert decode(b"O" + struct.pack(">Q", 77) + wire.text("upstream")) == Origin(77, "upstream")
    message = b"M" + struct.pack(">BQ", 1, 88) + wire.text("hello") + struct.pack(">I", 2) + b"hi"
    assert decode(message) == LogicalMessage(True, 88, "hello", b"hi")


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"Z123",
        b"B\0\0",
        wire.insert(1, ["a"]),
        b"I" + struct.pack(">I", 4711) + b"N" + struct.pack(">H", 1) + b"b\0\0\0\1x",
        wire.insert(4711, ["long enough", "x", "y"])[:-8],
        b"I" + struct.pack(">I", 4711) + b"N" + struct.pack(">H", 1) + b"t\0\0\0\1\xff",
    ],
)
def test_anything_else_is_a_protocol_error(decoder: Decoder, payload: bytes) -> None:
    with pytest.raises(ProtocolError):
        decoder.decode(payload)


CELLS = (
    st.none() | st.just(UNCHANGED) | st.text(st.characters(exclude_characters="\0", codec="utf-8"))
)


@given(st.lists(CELLS, min_size=1, max_size=20), st.booleans())
def test_every_row_survives_the_wire(row: list[str | None], with_old: bool) -> None:  # type: ignore[type-arg]
    columns = tuple(Column(f"c{i}", 25, -1, i == 0) for i in range(len(row)))
    decoder, described = Decoder(), THINGS._replace(columns=columns)
    decoder.decode(wire.relation(described))
    old = list(row) if with_old else None
    assert decoder.decode(wire.insert(4711, list(row))) == Insert(described, row)
    assert decoder.decode(wire.update(4711, list(row), old=old)) == Update(
        described, old, False, row
    )


@given(st.binary(max_size=60))
def test_noise_is_never_anything_but_a_protocol_error(noise: bytes) -> None:
    with suppress(ProtocolError):
        Decoder().decode(noise)

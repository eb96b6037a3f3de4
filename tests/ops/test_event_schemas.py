"""Events may change only so that old and new code, old and new events, live with each other."""

import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar, Literal
from uuid import UUID

import fastavro
import pytest

from bodega.backbone.avro.values import Shape, as_json
from bodega.kernel.events import Event, Payload
from bodega.ops.events.catalogue import EventUnknown, event_kind, event_kinds
from bodega.ops.events.check import complaints, samples
from bodega.ops.events.kept import Kept, SchemaNotKept, keep_new, kept_schema, read_kept
from bodega.ops.events.page import events_page
from bodega.ops.events.schemas import message_schema

DOCS = Path(__file__).parents[2] / "docs"


class Sold(Event):
    type: ClassVar[str] = "shop.sold"
    thing_id: UUID
    units: int
    size: Literal["s", "m"] = "s"

    @property
    def key(self) -> UUID:
        return self.thing_id


class SoldWithPlace(Sold):
    place: str = "here"


class SoldWithoutDefault(Sold):
    place: str


class SoldAsText(Sold):
    units: str  # type: ignore[assignment]


class SoldInFewerSizes(Sold):
    size: Literal["s"] = "s"  # type: ignore[assignment]


def _named(payload: Payload) -> Payload:
    """`place` is where everything was sold then."""
    return payload | {"place": "London"}


def _forgetful(payload: Payload) -> Payload:
    return {"thing_id": payload["thing_id"]}


class SoldTwo(SoldWithoutDefault):
    version: ClassVar[int] = 2
    upcasters: ClassVar[dict[int, Callable[[Payload], Payload]]] = {1: _named}


class SoldTwoUnraised(SoldWithoutDefault):
    version: ClassVar[int] = 2


class SoldTwoForgotten(SoldWithoutDefault):
    version: ClassVar[int] = 2
    upcasters: ClassVar[dict[int, Callable[[Payload], Payload]]] = {1: _forgetful}


def renamed(kind: type[Event]) -> dict[str, type[Event]]:
    """As if the class were the one the contract has today."""
    kind.__name__ = "Sold"
    return {"shop.sold": kind}


def kept(*kinds: type[Event]) -> Kept:
    found: dict[int, list[dict[str, Any]]] = {}
    for kind in kinds:
        renamed(kind)
        found.setdefault(kind.version, []).append(message_schema(kind))
    return {"shop.sold": found}


def said(kind: type[Event], known: Kept) -> list[str]:
    return [complaint.says for complaint in complaints(renamed(kind), known)]


def test_every_event_is_kept_and_compatible() -> None:
    found = complaints(event_kinds(), read_kept())
    assert not found, "see docs/events-and-jobs.md, How events change"


def test_the_page_is_what_the_contracts_say() -> None:
    page = events_page(event_kinds(), read_kept())
    assert page == (DOCS / "events.md").read_text(), "run `python -m bodega.ops.events`"


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (SoldWithoutDefault, "new code cannot read old data: payload.place: is not written"),
        (SoldAsText, "payload.units: long is no string"),
        (SoldInFewerSizes, "payload.size: m is no longer allowed"),
        (SoldTwoUnraised, "version 1 has no upcaster to 2"),
        (SoldTwoForgotten, "the upcaster from 1 fails on"),
    ],
    ids=["no default", "retyped", "value gone", "no upcaster", "upcaster fails"],
)
def test_a_planted_break_is_found(kind: type[Event], says: str) -> None:
    assert any(says in line for line in said(kind, kept(Sold)))


def test_a_compatible_change_is_only_to_be_kept() -> None:
    (line,) = said(SoldWithPlace, kept(Sold))
    assert "is not kept: run `python -m bodega.ops.events`" in line
    assert said(SoldWithPlace, kept(Sold, SoldWithPlace)) == []


def test_a_new_version_with_an_upcaster_is_well() -> None:
    assert said(SoldTwo, kept(Sold, SoldTwo)) == []


def test_kept_files_are_held_against_each_other_and_against_the_code() -> None:
    both = kept(Sold, SoldWithoutDefault)
    assert any("revision 2 against 1" in line for line in said(SoldWithoutDefault, both))
    assert any("version 2 is kept" in line for line in said(Sold, kept(Sold, SoldTwo)))
    assert complaints({}, kept(Sold))[0].says.startswith("is kept, and no contract")
    assert "no schema of version 1 is kept" in said(SoldTwo, kept(SoldTwo))


def test_what_is_kept_is_never_written_over(tmp_path: Path) -> None:
    (first,) = keep_new(renamed(Sold), tmp_path)
    before = first.read_text()
    assert keep_new(renamed(Sold), tmp_path) == []
    (second,) = keep_new(renamed(SoldWithPlace), tmp_path)
    assert (first.name, second.name) == ("shop.sold.v1.avsc", "shop.sold.v1.r2.avsc")
    assert first.read_text() == before
    assert read_kept(tmp_path)["shop.sold"][1][1] == json.loads(second.read_text())
    (tmp_path / "what.avsc").write_text("{}")
    with pytest.raises(ValueError, match="not named"):
        read_kept(tmp_path)


def test_every_event_goes_through_avro_unchanged() -> None:
    for kind in event_kinds().values():
        schema = kept_schema(kind.type, kind.version)
        shape, parsed = Shape(schema), fastavro.parse_schema(schema)
        for message in samples(schema):
            written = BytesIO()
            fastavro.schemaless_writer(written, parsed, shape.datum(message))
            written.seek(0)
            assert as_json(fastavro.schemaless_reader(written, parsed, None)) == message


def test_unknown_events_and_versions_are_told() -> None:
    with pytest.raises(EventUnknown):
        event_kind("orders.nothing")
    with pytest.raises(SchemaNotKept):
        kept_schema("orders.order_placed", 99)

"""Models become schemas; values are checked before they are written."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, NewType
from uuid import UUID

import pytest
from pydantic import BaseModel

from bodega.backbone.avro.errors import NoAvroType, NotOfSchema
from bodega.backbone.avro.schemas import record_of
from bodega.backbone.avro.values import Shape
from bodega.kernel.money import Money

ThingId = NewType("ThingId", UUID)


class Part(BaseModel):
    price: Money
    count: int = 1


class Thing(BaseModel):
    id: ThingId
    at: datetime
    day: date
    parts: list[Part]
    kind: Literal["a", "b"]
    paid: Money | None
    notes: dict[str, str] = {}


THING: dict[str, Any] = {
    "id": "01890a5d-ac96-774b-bcce-b302099a8057",
    "at": "2026-01-02T03:04:05.000006Z",
    "day": "2026-01-02",
    "parts": [{"price": {"amount": 1, "currency": "GBP"}, "surplus": 1}],
    "kind": "a",
    "paid": None,
}


def shape() -> Shape:
    return Shape(record_of(Thing, namespace="t"))


def test_a_model_has_one_schema() -> None:
    fields = {f["name"]: f for f in record_of(Thing, namespace="t")["fields"]}
    assert fields["id"]["type"] == {"type": "string", "logicalType": "uuid"}
    assert fields["at"]["type"] == {"type": "long", "logicalType": "timestamp-micros"}
    assert fields["kind"]["type"] == {"type": "string", "values": ["a", "b"]}
    assert fields["paid"] == {"name": "paid", "type": ["null", "bodega.Money"]}
    assert fields["notes"]["default"] == {}
    part = fields["parts"]["type"]["items"]
    assert (part["namespace"], part["name"]) == ("t", "Part")
    assert part["fields"][0]["type"]["fields"][0] == {"name": "amount", "type": "long"}


def test_what_avro_has_no_type_for_is_refused() -> None:
    class Odd(BaseModel):
        rate: Decimal

    class Odder(BaseModel):
        either: int | str

    for model in (Odd, Odder):
        with pytest.raises(NoAvroType, match=model.__name__):
            record_of(model, namespace="t")


def test_a_value_is_read_as_its_schema_says() -> None:
    datum = shape().datum(THING)
    assert datum["at"] == datetime.fromisoformat("2026-01-02T03:04:05.000006+00:00")
    assert datum["day"] == date(2026, 1, 2)
    assert datum["parts"] == [{"price": {"amount": 1, "currency": "GBP"}, "count": 1}]
    assert datum["notes"] == {}


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ({"id": "x"}, "id is 'x', not a uuid"),
        ({"at": "yesterday"}, "at is 'yesterday', not a timestamp-micros"),
        ({"kind": None}, "kind is null, not string"),
        ({"parts": {}}, "parts is {}, not a list"),
        ({"parts": [{"price": {"amount": 2**63, "currency": "GBP"}}]}, "amount is 9223"),
        ({"parts": [{}]}, r"parts\[0\].price is missing"),
        ({"paid": {"amount": True, "currency": "GBP"}}, "paid.amount is True, not long"),
        ({"notes": {"a": 1}}, "notes.a is 1, not string"),
    ],
    ids=["uuid", "time", "null", "list", "range", "missing", "bool", "map"],
)
def test_what_does_not_fit_is_named(broken: dict[str, Any], says: str) -> None:
    with pytest.raises(NotOfSchema, match=says):
        shape().datum(THING | broken)

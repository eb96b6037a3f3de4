"""Avro schemas of pydantic models: ids as `uuid`, times as `timestamp-micros`, money as a record.

Allowed values of a text (`Literal`) stay a string with a remark, `values`: an Avro enum could never
take in one more without breaking whoever reads it with yesterday's schema.
"""

from collections.abc import Mapping
from datetime import date, datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from bodega.backbone.avro.errors import NoAvroType
from bodega.kernel.money import Money

Schema = str | dict[str, Any] | list[Any]
Record = dict[str, Any]

UUID_TYPE = {"type": "string", "logicalType": "uuid"}
TIME_TYPE = {"type": "long", "logicalType": "timestamp-micros"}
DATE_TYPE = {"type": "int", "logicalType": "date"}
_PLAIN: dict[type, Schema] = {
    bool: "boolean", int: "long", str: "string", bytes: "bytes",
    UUID: UUID_TYPE, datetime: TIME_TYPE, date: DATE_TYPE,
}  # fmt: skip
SHARED = "bodega"


def record_of(
    model: type[BaseModel], *, namespace: str, names: Mapping[type, str] | None = None
) -> Record:
    """The schema of `model`, whose records are called as their classes, or as `names` has it.
    Raises NoAvroType."""
    return _Writer(namespace, names or {}).record(model)


class _Writer:
    """One schema under way: Avro defines each name once."""

    def __init__(self, namespace: str, names: Mapping[type, str]) -> None:
        self._namespace = namespace
        self._names = names
        self._defined: dict[str, type] = {}

    def record(self, model: type[BaseModel]) -> Record:
        space, _, name = self._name(model).rpartition(".")
        self._defined[f"{space}.{name}"] = model
        return {
            "type": "record",
            "name": name,
            "namespace": space,
            "fields": [self._field(model, *item) for item in model.model_fields.items()],
        }

    def _field(self, model: type[BaseModel], name: str, field: FieldInfo) -> Record:
        try:
            schema = self._type(field.annotation)
        except NoAvroType as error:
            raise NoAvroType(f"{model.__name__}.{name}: {error.detail}") from error
        made: Record = {"name": name, "type": schema}
        if not field.is_required():
            made["default"] = to_jsonable_python(field.get_default(call_default_factory=True))
        return made

    def _type(self, annotation: Any) -> Schema:
        plain = _bare(annotation)
        if plain in _PLAIN:
            return _PLAIN[plain]
        origin, inside = get_origin(plain), get_args(plain)
        if origin in (Union, UnionType):
            return self._optional(inside)
        if origin is Literal and all(isinstance(value, str) for value in inside):
            return {"type": "string", "values": list(inside)}
        if origin in (list, tuple, set, frozenset) and inside:
            return {"type": "array", "items": self._type(inside[0])}
        if origin in (dict, Mapping) and _bare(inside[0]) is str:
            return {"type": "map", "values": self._type(inside[1])}
        if isinstance(plain, type) and issubclass(plain, BaseModel):
            return self._nested(plain)
        raise NoAvroType(f"{annotation} has no counterpart in Avro")

    def _optional(self, inside: tuple[Any, ...]) -> Schema:
        others = [kind for kind in inside if kind is not NoneType]
        if len(others) != 1 or len(inside) != 2:
            raise NoAvroType("a union is `T | None` only")
        return ["null", self._type(others[0])]

    def _nested(self, model: type[BaseModel]) -> Schema:
        name = self._name(model)
        if self._defined.get(name) is model:
            return name
        if name in self._defined:
            raise NoAvroType(f"two records are named {name}")
        return self.record(model)

    def _name(self, model: type[BaseModel]) -> str:
        space = SHARED if model is Money else self._namespace
        return f"{space}.{self._names.get(model, model.__name__)}"


def _bare(annotation: Any) -> Any:
    """Without `Annotated` and `NewType` around it."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif hasattr(annotation, "__supertype__"):
            annotation = annotation.__supertype__
        else:
            return annotation

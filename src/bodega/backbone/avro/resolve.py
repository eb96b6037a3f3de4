"""What a reader's schema makes of data written by another: the rules of Avro's "Schema Resolution"
(specification 1.11), told as a list of what would go wrong."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from bodega.backbone.avro.schemas import Schema

Names = dict[str, dict[str, Any]]
_PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
_PROMOTED = {
    "int": {"long", "float", "double"},
    "long": {"float", "double"},
    "float": {"double"},
    "string": {"bytes"},
    "bytes": {"string"},
}


def problems(*, reader: Schema, writer: Schema, values: bool = False) -> list[str]:
    """Why data of `writer` cannot be read by `reader`; nothing when it always can. With `values`
    a text of the writer may be none that the reader does not allow."""
    read, write = deepcopy(reader), deepcopy(writer)
    return list(_Pair(names_of(read), names_of(write), values).check(read, write, ""))


def full_problems(older: Schema, newer: Schema) -> list[str]:
    """Both ways: new code reads old data, and old code new data."""
    backward = problems(reader=newer, writer=older, values=True)
    forward = problems(reader=older, writer=newer)
    return [
        *(f"new code cannot read old data: {said}" for said in backward),
        *(f"old code cannot read new data: {said}" for said in forward),
    ]


class _Pair:
    def __init__(self, reader: Names, writer: Names, values: bool) -> None:
        self._reader, self._writer, self._values = reader, writer, values
        self._seen: set[tuple[str, str]] = set()

    def check(self, reader: Schema, writer: Schema, at: str) -> Iterator[str]:
        read, write = plain(reader, self._reader), plain(writer, self._writer)
        if isinstance(write, list):
            for branch in write:
                yield from self.check(read, branch, at)
        elif isinstance(read, list):
            if all(any(self.check(branch, write, at)) for branch in read):
                yield f"{at or 'the whole'}: no branch of the union takes {_kind(write)}"
        else:
            yield from self._one(read, write, at)

    def _one(self, read: dict[str, Any], write: dict[str, Any], at: str) -> Iterator[str]:
        old, new = write["type"], read["type"]
        if old != new:
            if new not in _PROMOTED.get(old, ()):
                yield f"{at or 'the whole'}: {_kind(write)} is no {_kind(read)}"
        elif old in ("record", "enum", "fixed") and not _same_name(read, write):
            yield f"{at or 'the whole'}: {full_name(write)} is no {full_name(read)}"
        elif old == "record":
            yield from self._record(read, write, at)
        elif old == "enum":
            yield from _enum(read, write, at)
        elif old == "fixed" and read["size"] != write["size"]:
            yield f"{at}: {write['size']} bytes are not {read['size']}"
        elif old in ("array", "map"):
            inside = "items" if old == "array" else "values"
            yield from self.check(read[inside], write[inside], f"{at}[]")
        elif read.get("logicalType") != write.get("logicalType"):
            yield f"{at or 'the whole'}: {_kind(write)} is no {_kind(read)}"
        elif self._values and "values" in read:
            gone = [value for value in write.get("values", ()) if value not in read["values"]]
            if gone:
                yield f"{at}: {', '.join(gone)} is no longer allowed"

    def _record(self, read: dict[str, Any], write: dict[str, Any], at: str) -> Iterator[str]:
        pair = (full_name(read), full_name(write))
        if pair in self._seen:
            return
        self._seen.add(pair)
        written = {field["name"]: field for field in write["fields"]}
        for field in read["fields"]:
            names = [field["name"], *field.get("aliases", ())]
            found = next((written[name] for name in names if name in written), None)
            here = f"{at}.{field['name']}" if at else field["name"]
            if found is not None:
                yield from self.check(field["type"], found["type"], here)
            elif "default" not in field:
                yield f"{here}: is not written and has no default"


def _enum(read: dict[str, Any], write: dict[str, Any], at: str) -> Iterator[str]:
    unknown = [symbol for symbol in write["symbols"] if symbol not in read["symbols"]]
    if unknown and "default" not in read:
        yield f"{at}: the reader does not know {', '.join(unknown)}"


def full_name(schema: Mapping[str, Any]) -> str:
    name, space = str(schema["name"]), schema.get("namespace")
    return name if "." in name or not space else f"{space}.{name}"


def _same_name(read: dict[str, Any], write: dict[str, Any]) -> bool:
    aliases = {full_name({"name": a, "namespace": read.get("namespace")}) for a in
               read.get("aliases", ())}  # fmt: skip
    return full_name(write) in {full_name(read), *aliases}


def _kind(schema: Schema) -> str:
    if isinstance(schema, list):
        return "a union"
    if isinstance(schema, str):
        return schema
    return str(schema.get("logicalType") or schema.get("name") or schema["type"])


def plain(schema: Schema, names: Names) -> Any:
    """A list, or a dict whose `type` is a word."""
    if isinstance(schema, list):
        return schema
    if isinstance(schema, str):
        return {"type": schema} if schema in _PRIMITIVES else names[schema]
    if isinstance(schema["type"], dict | list) or schema["type"] in names:
        return plain(schema["type"], names)
    return schema


def names_of(schema: Schema, space: str = "") -> Names:
    """Every named schema inside, by its full name and by the short one; namespaces that are taken
    over from around are written down."""
    found: Names = {}
    if isinstance(schema, list):
        for branch in schema:
            found |= names_of(branch, space)
    elif isinstance(schema, dict):
        if "name" in schema and schema.get("type") in ("record", "enum", "fixed", "error"):
            schema.setdefault("namespace", space)
            space = full_name(schema).rpartition(".")[0]
            found[full_name(schema)] = schema
            found.setdefault(str(schema["name"]), schema)
        for inside in (schema.get("items"), schema.get("values"), schema.get("type")):
            if isinstance(inside, dict | list):
                found |= names_of(inside, space)
        for field in schema.get("fields", ()):
            found |= names_of(field["type"], space)
    return found

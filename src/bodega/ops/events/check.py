"""Whether old and new code, and old and new events, can live with each other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from bodega.backbone.avro.errors import NotOfSchema
from bodega.backbone.avro.resolve import full_problems, names_of, plain
from bodega.backbone.avro.schemas import Record, Schema
from bodega.backbone.avro.values import Shape
from bodega.kernel.events import Event
from bodega.ops.events.kept import Kept, Revisions
from bodega.ops.events.schemas import message_schema, payload_schema

WAY_OUT = "give the field a default, or make it a new version with an upcaster"


@dataclass(frozen=True, slots=True)
class Complaint:
    """`type` breaks a promise: `says` which, and what to do."""

    type: str
    says: str


def complaints(kinds: Mapping[str, type[Event]], kept: Kept) -> list[Complaint]:
    """Nothing when all is well."""
    found = [
        Complaint(type_, says)
        for type_, kind in kinds.items()
        for says in _of_kind(kind, kept.get(type_, {}))
    ]
    gone = [
        Complaint(type_, "is kept, and no contract tells of it: logs may still hold it")
        for type_ in kept
        if type_ not in kinds
    ]
    return found + gone


def _of_kind(kind: type[Event], versions: Mapping[int, Revisions]) -> Iterator[str]:
    for version, revisions in versions.items():
        yield from _among(version, revisions)
        if version > kind.version:
            yield f"version {version} is kept, and the contract is at {kind.version}"
    yield from _against_kept(kind, versions.get(kind.version, []))
    for version in range(1, kind.version):
        yield from _raised(kind, version, versions)


def _among(version: int, revisions: Revisions) -> Iterator[str]:
    numbered = list(enumerate(revisions, start=1))
    for (before, older), (after, newer) in combinations(numbered, 2):
        for said in full_problems(older, newer):
            yield f"version {version}, revision {after} against {before}: {said}"


def _against_kept(kind: type[Event], revisions: Revisions) -> Iterator[str]:
    schema = message_schema(kind)
    if revisions and revisions[-1] == schema:
        return
    broken = [said for older in revisions for said in full_problems(older, schema)]
    if broken:
        yield from (f"{said}: {WAY_OUT}" for said in dict.fromkeys(broken))
    else:
        yield "its schema is not kept: run `python -m bodega.ops.events` and commit the file"


def _raised(kind: type[Event], version: int, versions: Mapping[int, Revisions]) -> Iterator[str]:
    """From `version` to the next, with a payload that says nothing and one that says all."""
    step, older, newer = (
        kind.upcasters.get(version),
        versions.get(version),
        versions.get(version + 1),
    )
    if step is None:
        yield f"version {version} has no upcaster to {version + 1}"
    if not older:
        yield f"no schema of version {version} is kept"
    if version + 1 == kind.version and not newer:
        newer = [message_schema(kind)]
    if step is None or not older or not newer:
        return
    shape = Shape(payload_schema(newer[-1]))
    for revision in older:
        for sample in samples(payload_schema(revision)):
            try:
                shape.datum(step(sample))
            except (NotOfSchema, LookupError, TypeError, ValueError) as error:
                yield f"the upcaster from {version} fails on {sample}: {error}"


def samples(schema: Record) -> Sequence[dict[str, Any]]:
    """A value without, and one with, whatever may be absent."""
    return [_sample(schema, names_of(schema), whole=whole) for whole in (False, True)]


def _sample(schema: Schema, names: dict[str, Any], *, whole: bool) -> Any:
    known = plain(schema, names)
    if isinstance(known, list):
        given = [branch for branch in known if (branch == "null") != whole] or known
        return _sample(given[0], names, whole=whole)
    if known["type"] == "record":
        fields = known["fields"]
        return {field["name"]: _sample(field["type"], names, whole=whole) for field in fields}
    if known["type"] == "array":
        return [_sample(known["items"], names, whole=True)] if whole else []
    if known["type"] == "map":
        return {"a": _sample(known["values"], names, whole=True)} if whole else {}
    return _PLAIN.get(known.get("logicalType"), _PLAIN.get(known["type"]))


_PLAIN: dict[str | None, Any] = {
    "uuid": "01890a5d-ac96-774b-bcce-b302099a8057",
    "timestamp-micros": "2026-01-02T03:04:05Z",
    "date": "2026-01-02",
    "string": "GBP",
    "boolean": True,
    "int": 1,
    "long": 1,
    "float": 1.5,
    "double": 1.5,
    "bytes": b"",
}

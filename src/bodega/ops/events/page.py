"""The reference of events, made from contracts and kept schemas."""

import inspect
from collections.abc import Callable, Mapping

from bodega.backbone.avro.schemas import Record, Schema
from bodega.kernel.events import Event
from bodega.ops.events.kept import Kept
from bodega.ops.events.schemas import message_schema, payload_schema

_HEAD = """# Events

What the shop tells of, made from the contracts by `python -m bodega.ops.events`.
[How events travel](events-and-jobs.md), [how they change](events-and-jobs.md#how-events-change).

Every event travels in an envelope: `event_id` (recognises duplicates), `type`, `version`, `key`
(events of one key stay in order), `occurred_at`, `correlation_id`, `causation_id` (the event it
followed from), `actor`, `payload`. Ids are UUIDs, times RFC 3339 in UTC, money
`{"amount": 1999, "currency": "EUR"}` in minor units; in Avro `uuid`, `timestamp-micros` and the
record `bodega.Money`. `?` may be null, `[]` is a list. No event carries personal data.

The Avro schemas lie in `src/bodega/contracts/schemas`; `bodega events schema TYPE` prints one.

"""


def events_page(kinds: Mapping[str, type[Event]], kept: Kept) -> str:
    """Markdown: a section a module, an event after the other."""
    page, module = _HEAD, ""
    for type_, kind in kinds.items():
        if type_.partition(".")[0] != module:
            module = type_.partition(".")[0]
            page += f"## {module}\n\n"
        page += _section(kind, kept.get(type_, {}))
    return page.rstrip() + "\n"


def _section(kind: type[Event], versions: Mapping[int, list[Record]]) -> str:
    revisions = len(versions.get(kind.version, ())) or 1
    stand = f"version {kind.version}" + (f", revision {revisions}" if revisions > 1 else "")
    lines = [f"### `{kind.type}`", "", f"{kind.__name__}, {stand}, key `{key_of(kind)}`."]
    if told := meaning(kind):
        lines[-1] += f" {told}"
    lines += ["", "| field | type | |", "|---|---|---|"]
    lines += [f"| `{name}` | {type_} | {more} |" for name, type_, more in fields(kind)]
    for version in range(1, kind.version):
        lines += ["", f"Version {version} is brought up: {_said_of(kind.upcasters.get(version))}"]
    return "\n".join(lines) + "\n\n"


def fields(kind: type[Event]) -> list[tuple[str, str, str]]:
    """Name, type in short, and what else is to say, of every field of the payload."""
    return [
        (field["name"], short(field["type"]), _more(field))
        for field in payload_schema(message_schema(kind))["fields"]
    ]


def short(schema: Schema) -> str:
    if isinstance(schema, list):
        return f"{short(schema[-1])}?"
    if isinstance(schema, str):
        return schema.rpartition(".")[2]
    if schema["type"] == "array":
        return f"{short(schema['items'])}[]"
    if schema["type"] == "map":
        return f"map of {short(schema['values'])}"
    if schema["type"] == "record":
        return str(schema["name"])
    return str(schema.get("logicalType", schema["type"]))


def _more(field: Record) -> str:
    said = []
    inside = _record_in(field["type"])
    if inside and inside["name"] != "Money":
        members = (f"`{f['name']}` {short(f['type'])}" for f in inside["fields"])
        said.append(", ".join(members))
    if values := _values_in(field["type"]):
        said.append(", ".join(f"`{value}`" for value in values))
    if field.get("default") is not None:
        said.append(f"default `{field['default']}`")
    return "; ".join(said)


def _inner(schema: Schema) -> Schema:
    while isinstance(schema, list) or (isinstance(schema, dict) and schema["type"] == "array"):
        schema = schema[-1] if isinstance(schema, list) else schema["items"]
    return schema


def _record_in(schema: Schema) -> Record | None:
    inner = _inner(schema)
    return inner if isinstance(inner, dict) and inner["type"] == "record" else None


def _values_in(schema: Schema) -> list[str]:
    inner = _inner(schema)
    return list(inner.get("values", ())) if isinstance(inner, dict) else []


def meaning(kind: type[Event]) -> str:
    """What its class says of it, on one line."""
    return " ".join((vars(kind).get("__doc__") or "").split())


def key_of(kind: type[Event]) -> str:
    """The field whose value is the key."""
    getter = next(vars(c)["key"].fget for c in kind.__mro__ if "key" in vars(c))
    return inspect.getsource(getter).rpartition("self.")[2].strip()


def _said_of(step: Callable[..., object] | None) -> str:
    return " ".join((inspect.getdoc(step) or "").split()) if step else "by nothing."

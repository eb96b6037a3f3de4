"""Row changes as Debezium tells of them, written and read: an envelope `before after op source`,
a tombstone (a key without a value) behind each delete, `__debezium_unavailable_value` in the place
of a large value that an update did not touch."""

import base64
import json
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from bodega.backbone.changes.envelope import Change
from bodega.backbone.kafka.connect_types import Semantics, meant
from bodega.backbone.kafka.errors import Undecodable

UNAVAILABLE = "__debezium_unavailable_value"
_NOT_THERE = (UNAVAILABLE, base64.b64encode(UNAVAILABLE.encode()).decode(), [UNAVAILABLE])
_OPS = frozenset("rcudt")
_NO_SEMANTICS: Semantics = {}


class Told(NamedTuple):
    """A row change from elsewhere, as bronze keeps it: `key`, `before` and `after` are JSON."""

    op: str
    key: str | None
    before: str | None
    after: str | None
    unchanged: tuple[str, ...]
    ts_ms: int
    txid: int


class Meaning(NamedTuple):
    """What the schemas beside a message say of its columns."""

    key: Semantics = _NO_SEMANTICS
    before: Semantics = _NO_SEMANTICS
    after: Semantics = _NO_SEMANTICS


def envelope(change: Change, *, name: str, database: str) -> dict[str, Any]:
    """The value of its message; `name` is what its topic begins with."""
    schema, _, table = change.table.partition(".")
    after = json.loads(change.after) if change.after else None
    if after is not None:
        after |= dict.fromkeys(change.unchanged, UNAVAILABLE)
    return {
        "before": json.loads(change.before) if change.before else None,
        "after": after,
        "source": {
            "version": "bodega",
            "connector": "postgresql",
            "name": name,
            "ts_ms": change.ts_ms,
            "snapshot": "true" if change.op == "r" else "false",
            "db": database,
            "sequence": json.dumps([str(change.lsn), str(change.sequence)]),
            "schema": schema,
            "table": table,
            "txId": change.txid,
            "lsn": change.lsn,
        },
        "op": change.op,
        "ts_ms": change.ts_ms,
        "transaction": None,
    }


def tombstone(key: Any, *, ts_ms: int, meaning: Meaning = Meaning()) -> Told:
    """A key without a value: the row is gone. Raises Undecodable without a key."""
    told = _row(key, meaning.key, "key")
    if told is None:
        raise Undecodable("Neither a key nor a value")
    return Told("d", told, None, None, (), ts_ms, 0)


def told(key: Any, value: Any, *, ts_ms: int, meaning: Meaning = Meaning()) -> Told:
    """What an envelope says; `ts_ms` is when the broker had it, should it not say when. Raises
    Undecodable."""
    if not isinstance(value, Mapping):
        raise Undecodable("The value is no object")
    if value.get("op") not in _OPS:
        what = "says nothing in `op`" if "op" not in value else f"says {value['op']!r} in `op`"
        raise Undecodable(f"It is no envelope of Debezium: it {what}, not r, c, u, d or t")
    op, after = str(value["op"]), value.get("after")
    if op in "rcu" and not isinstance(after, Mapping):
        raise Undecodable(f"`op` is {op} and `after` is no object")
    row_key = None if op == "t" else _row(key, meaning.key, "key")
    if op != "t" and row_key is None:
        raise Undecodable("It has no key: rows of a table without one cannot be told apart")
    source = value.get("source") or {}
    members = after.items() if isinstance(after, Mapping) else ()
    unchanged = tuple(name for name, member in members if member in _NOT_THERE)
    return Told(
        op=op,
        key=row_key,
        before=_row(value.get("before"), meaning.before, "before"),
        after=_row(after, meaning.after, "after"),
        unchanged=unchanged,
        ts_ms=_number(source.get("ts_ms") or value.get("ts_ms"), ts_ms),
        txid=_number(source.get("txId"), 0),
    )


def _row(row: Any, semantics: Semantics, where: str) -> str | None:
    """As JSON text without blanks, like the change feed writes it."""
    if row is None:
        return None
    if not isinstance(row, Mapping):
        raise Undecodable(f"`{where}` is no object")
    try:
        there = {name: member for name, member in row.items() if member not in _NOT_THERE}
        clear = {name: _finite(member) for name, member in meant(there, semantics).items()}
    except (ValueError, OverflowError, KeyError, TypeError) as error:
        raise Undecodable(f"`{where}` does not hold what its schema says: {error!r}") from error
    return json.dumps(clear, ensure_ascii=False, separators=(",", ":"))


def _finite(value: Any) -> Any:
    """JSON has no such numbers: they are texts, as PostgreSQL writes them."""
    if not isinstance(value, float) or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _number(value: Any, otherwise: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise

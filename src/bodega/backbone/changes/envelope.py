"""One row change, as Debezium describes it: `before` and `after` as JSON, an operation, a place."""

import json
from collections.abc import Sequence
from typing import Literal, NamedTuple

from bodega.backbone.changes.pgoutput import UNCHANGED, Relation, Values
from bodega.backbone.changes.types import json_text

Op = Literal["r", "c", "u", "d", "t"]


class Change(NamedTuple):
    """`r` read by a snapshot, `c` created, `u` updated, `d` deleted, `t` table emptied.

    `key`, `before` and `after` are JSON text; `lsn` is the commit position. A tuple, because the
    feed makes tens of thousands a second and the sink turns them into columns.
    """

    table: str
    op: Op
    key: str | None
    before: str | None
    after: str | None
    unchanged: tuple[str, ...]
    ts_ms: int
    txid: int
    lsn: int
    sequence: int

    def envelope(self) -> dict[str, object]:
        """Debezium's change event value."""
        schema, _, table = self.table.partition(".")
        return {
            "before": json.loads(self.before) if self.before else None,
            "after": json.loads(self.after) if self.after else None,
            "op": self.op,
            "ts_ms": self.ts_ms,
            "source": {
                "schema": schema,
                "table": table,
                "ts_ms": self.ts_ms,
                "txId": self.txid,
                "lsn": self.lsn,
                "sequence": self.sequence,
                "snapshot": self.op == "r",
            },
        }


class RowEncoder:
    """JSON of one relation's rows. `primary_key` names the key where the log marks all columns."""

    def __init__(self, relation: Relation, primary_key: Sequence[str] = ()) -> None:
        self.relation = relation
        self.table = relation.qualified_name
        self._names = [column.name for column in relation.columns]
        prefixes = [f"{json.dumps(name, ensure_ascii=False)}:" for name in self._names]
        converters = [json_text(column.type_oid) for column in relation.columns]
        nulls = [f"{prefix}null" for prefix in prefixes]
        self._columns = list(zip(prefixes, converters, nulls, strict=True))
        self._key = [
            index
            for index, column in enumerate(relation.columns)
            if (column.name in primary_key if primary_key else column.is_key)
        ]

    def row(self, values: Values) -> tuple[str, tuple[str, ...]]:
        """The row as a JSON object, and the names that are missing because they are unchanged."""
        if UNCHANGED in values:
            return self._partial(values)
        parts = [
            null if value is None else prefix + convert(value)  # type: ignore[arg-type]
            for value, (prefix, convert, null) in zip(values, self._columns, strict=True)
        ]
        return f"{{{','.join(parts)}}}", ()

    def key(self, values: Values) -> str:
        return self._object(values, self._key)

    def _partial(self, values: Values) -> tuple[str, tuple[str, ...]]:
        known = [index for index, value in enumerate(values) if value is not UNCHANGED]
        missing = tuple(self._names[i] for i, value in enumerate(values) if value is UNCHANGED)
        return self._object(values, known), missing

    def _object(self, values: Values, indices: Sequence[int]) -> str:
        parts = []
        for index in indices:
            value = values[index]
            prefix, convert, null = self._columns[index]
            parts.append(prefix + convert(value) if isinstance(value, str) else null)
        return f"{{{','.join(parts)}}}"

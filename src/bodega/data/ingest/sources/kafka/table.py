"""A bronze table of envelopes from a topic. Each commit carries, as Delta application transactions,
the offset at which every partition goes on: rows and offsets are one, whoever crashes.

What could not be read lies in the same table, with `_rejected` (why) and `_raw` (what), and counts
for no reader of envelopes: it has neither key nor row, and its `_op` is `x`.
"""

import json
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pyarrow as pa

from bodega.backbone.kafka.debezium import Told
from bodega.data.ingest.bronze import SCHEMA
from bodega.data.ingest.sources.table import APPLICATION
from bodega.data.lake.delta import AppendOnlyTable
from bodega.data.lake.paths import bronze_path
from bodega.data.lake.policy import BRONZE, LayerPolicy
from bodega.data.lake.storage import LakeRoot

REJECTED = "x"
TABLE = pa.schema(
    [
        *SCHEMA,
        ("_origin", pa.string()),
        ("_rejected", pa.string()),
        ("_raw", pa.string()),
    ]
)
_NOTHING = Told(REJECTED, None, None, None, (), 0, 0)


class Arrived(NamedTuple):
    """A message: where it stood, its bytes, and what it says or why it says nothing."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    says: Told | str


class EnvelopeTable:
    """`bronze/<source>__<stream>`. Methods raise LakeUnavailable."""

    def __init__(
        self, root: LakeRoot, source: str, stream: str, topic: str, policy: LayerPolicy = BRONZE
    ) -> None:
        self._source = source
        self._topic = topic
        self._table = AppendOnlyTable(
            root.uri(bronze_path(source, stream)),
            TABLE,
            options=root.options,
            policy=policy,
        )

    def offset(self, partition: int) -> int | None:
        """The next one to read; None before the first."""
        if not self._table.exists():
            return None
        return self._table.transaction(self._application(partition))

    def append(self, arrived: Sequence[Arrived], offsets: Mapping[int, int]) -> None:
        """Messages in their order, and where each partition goes on. Raises LakeUnavailable, too,
        when another process has written meanwhile."""
        if not self._table.exists():
            self._table.create()
        position = max((self._table.transaction(APPLICATION) or 0) + 1, time.time_ns() // 1000)
        transactions = {self._application(at): offset for at, offset in offsets.items()}
        rows = self._rows(arrived, position)
        self._table.append(rows, transactions | {APPLICATION: position})

    def tidy(self) -> None:
        if self._table.exists() and self._table.wants_compaction:
            self._table.compact()

    def forget(self) -> None:
        """What others wrote is seen from now on."""
        self._table.forget()

    def _application(self, partition: int) -> str:
        return f"kafka/{self._topic}/{partition}"

    def _rows(self, arrived: Sequence[Arrived], position: int) -> pa.Table:
        now = datetime.now(UTC)
        rows = [
            self._row(message, position, sequence, now)
            for sequence, message in enumerate(arrived, start=1)
        ]
        return pa.Table.from_pylist(rows, schema=TABLE)

    def _row(self, message: Arrived, position: int, sequence: int, now: datetime) -> dict[str, Any]:
        says = message.says if isinstance(message.says, Told) else _NOTHING
        refused = message.says if isinstance(message.says, str) else None
        return {
            "key": says.key,
            "before": says.before,
            "after": says.after,
            "unchanged": list(says.unchanged),
            "ts_ms": says.ts_ms,
            "txid": says.txid,
            "_source": self._source,
            "_position": position,
            "_sequence": sequence,
            "_op": says.op,
            "_ingested_at": now,
            "_origin": f"{self._topic}/{message.partition}/{message.offset}",
            "_rejected": refused,
            "_raw": _raw(message) if refused else None,
        }


def _raw(message: Arrived) -> str:
    """Key and value as text; bytes that are none are written as \\xff."""
    parts = {"key": message.key, "value": message.value}
    return json.dumps(
        {
            name: None if part is None else part.decode("utf-8", "backslashreplace")
            for name, part in parts.items()
        }
    )

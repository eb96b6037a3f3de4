"""A bronze table of envelopes from a topic. Each commit carries, as Delta application transactions,
the offset at which every partition goes on: rows and offsets are one, whoever crashes.

What could not be read lies in the same table, with `_rejected` (why) and `_raw` (what), and counts
for no reader of envelopes: it has neither key nor row, and its `_op` is `x`. A row without a key
whose `_hash` names a place says that what was set aside there was driven again, or given up.
"""

import base64
import json
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pyarrow as pa
from deltalake.exceptions import CommitFailedError

from bodega.backbone.kafka.debezium import Told
from bodega.data.ingest.bronze import SCHEMA
from bodega.data.ingest.seal import NoKeys, RowSealer
from bodega.data.ingest.sources.errors import SourceUnreachable, StreamBusy
from bodega.data.ingest.sources.table import APPLICATION
from bodega.data.lake.delta import AppendOnlyTable
from bodega.data.lake.errors import LakeUnavailable
from bodega.data.lake.paths import bronze_path
from bodega.data.lake.policy import BRONZE, LayerPolicy
from bodega.data.lake.storage import LakeRoot

REJECTED = "x"
TABLE = pa.schema(
    [
        *SCHEMA,
        ("_origin", pa.string()),
        ("_hash", pa.string()),
        ("_generation", pa.int64()),
        ("_rejected", pa.string()),
        ("_raw", pa.string()),
    ]
)
MARK = "r"
_NOTHING = Told(REJECTED, None, None, None, (), 0, 0)


class Arrived(NamedTuple):
    """A message: where it stood, its bytes, and what it says or why it says nothing."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    says: Told | str


class Place(NamedTuple):
    """Where a message stands in the table, and where it came from."""

    position: int
    sequence: int
    origin: str


class EnvelopeTable:
    """`bronze/<source>__<stream>`. Methods raise LakeUnavailable, and SourceUnreachable while keys
    of persons cannot be had."""

    def __init__(
        self,
        root: LakeRoot,
        source: str,
        stream: str,
        topic: str,
        *,
        policy: LayerPolicy = BRONZE,
        sealer: RowSealer | None = None,
    ) -> None:
        """Where rows tell of persons, `sealer` seals them, and of what is set aside no text is
        kept."""
        self._source = source
        self._sealer = sealer
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

    def unsealable(self, told: Told) -> str | None:
        """Why a row cannot be kept."""
        held = self._sealer.held_by(told.key) if self._sealer and told.key else []
        return f"{', '.join(held)} is part of the key, which cannot be sealed" if held else None

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
        told = [m.says if isinstance(m.says, Told) else _NOTHING for m in arrived]
        rows = [
            {
                **self._told(says, Place(position, sequence, self._origin(message)), now),
                **self._set_aside(message),
            }
            for sequence, (message, says) in enumerate(
                zip(arrived, self._sealed(told), strict=True), start=1
            )
        ]
        return pa.Table.from_pylist(rows, schema=TABLE)

    def _sealed(self, told: list[Told]) -> list[Told]:
        """Raises SourceUnreachable while keys cannot be had: nothing is written in the clear."""
        if self._sealer is None:
            return told
        try:
            return self._sealer.seal(told)
        except NoKeys as error:
            raise SourceUnreachable(f"No keys for {self._topic}: {error}") from error

    def _origin(self, message: Arrived) -> str:
        return f"{self._topic}/{message.partition}/{message.offset}"

    def _set_aside(self, message: Arrived) -> dict[str, str | None]:
        if isinstance(message.says, Told):
            return {"_rejected": None, "_raw": None}
        raw = as_raw(message.key, message.value) if self._sealer is None else as_raw(None, None)
        return {"_rejected": message.says, "_raw": raw}

    def _told(self, says: Told, place: Place, now: datetime) -> dict[str, Any]:
        return {
            "key": says.key,
            "before": says.before,
            "after": says.after,
            "unchanged": list(says.unchanged),
            "ts_ms": says.ts_ms,
            "txid": says.txid,
            "_source": self._source,
            "_position": place.position,
            "_sequence": place.sequence,
            "_op": says.op,
            "_ingested_at": now,
            "_origin": place.origin,
            "_generation": 0,
        }

    def put_back(self, fit: Sequence[tuple[Place, Told]], marked: Sequence[str], said: str) -> None:
        """What was set aside counts now, each at the place where it arrived, and is `marked` as
        driven, in one commit. Raises StreamBusy."""
        now = datetime.now(UTC)
        before = self._table.transaction(APPLICATION) or 0
        position = max(before + 1, time.time_ns() // 1000)
        rows = [self._told(says, place, now) for place, says in fit]
        rows += [
            {
                **self._told(_NOTHING, Place(position, sequence, ""), now),
                "_op": MARK,
                "_hash": place,
                "_raw": said,
            }
            for sequence, place in enumerate(marked, start=1)
        ]
        try:
            self._table.append(pa.Table.from_pylist(rows, TABLE), {APPLICATION: position})
        except LakeUnavailable as error:
            if isinstance(error.__cause__, CommitFailedError):
                raise StreamBusy(f"{self._topic} was read meanwhile") from error
            raise


def as_raw(key: bytes | None, value: bytes | None) -> str:
    """Both parts as text; what is no text in base64, so that it can be read again."""
    parts: dict[str, str | None] = {}
    for name, part in (("key", key), ("value", value)):
        try:
            parts[name] = None if part is None else part.decode()
        except UnicodeDecodeError:
            parts[f"{name}_base64"] = base64.b64encode(part or b"").decode()
    return json.dumps(parts)


def from_raw(parts: Mapping[str, Any]) -> tuple[bytes | None, bytes | None]:
    """Key and value. Raises ValueError for base64 that is none."""
    return _part(parts, "key"), _part(parts, "value")


def _part(parts: Mapping[str, Any], name: str) -> bytes | None:
    if parts.get(name) is not None:
        return str(parts[name]).encode()
    coded = parts.get(f"{name}_base64")
    return None if coded is None else base64.b64decode(coded, validate=True)

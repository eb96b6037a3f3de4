"""Driving dead rows again: edited or under a changed contract, by the road that fresh rows take.

A row of a source goes back to *its own place*: what arrived after it still counts for more. Row and
mark are one commit; who finds the mark does nothing. A row of the shop goes into bronze as one more
change of its key, once, after everything that is complete.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError

from bodega.backbone.kafka.debezium import Told
from bodega.data.ingest.bronze import SCHEMA as ENVELOPES
from bodega.data.ingest.sources.config import SourcesFile
from bodega.data.ingest.sources.conform import AUDIT, Conformed, conform, connect
from bodega.data.ingest.sources.contract import Page, Stream
from bodega.data.ingest.sources.errors import StreamBusy
from bodega.data.ingest.sources.kafka.again import read_again
from bodega.data.ingest.sources.kafka.config import KafkaConfig
from bodega.data.ingest.sources.kafka.table import EnvelopeTable, Place
from bodega.data.ingest.sources.table import SourceTable, columns_of, concatenated
from bodega.data.lake.delta import with_month
from bodega.data.lake.errors import LakeUnavailable
from bodega.data.lake.paths import BRONZE, FEED_STATE, bronze_table
from bodega.data.lake.policy import MONTH
from bodega.data.lake.storage import LakeRoot
from bodega.data.quality.dead import DeadRow, DeadUnknown, dead_by_id, dead_rows
from bodega.data.quality.history import History
from bodega.data.quality.results import Result
from bodega.kernel.errors import Rejected

MARK = "r"
_TRIES = 3
_SEALED = "p1."


class EditRefused(Rejected):
    code = "redrive_edit_refused"
    title = "This row cannot be driven again with that edit"


@dataclass(frozen=True, slots=True)
class Repair:
    """Who drives, why, with which values put in place; `drop` gives the rows up instead."""

    by: str
    why: str
    edits: Mapping[str, str | None]
    drop: bool = False


@dataclass(frozen=True, slots=True)
class Driven:
    """`driven`: it counts now; `still`: it is not fit yet, for `detail`; `already`: it was driven
    before; `dropped`: given up."""

    id: str
    outcome: Literal["driven", "still", "already", "dropped"]
    detail: str = ""


def redrive(root: LakeRoot, file: SourcesFile, ids: Sequence[str], repair: Repair) -> list[Driven]:
    """Each once, however often it is asked. Raises DeadUnknown for an id that names no table,
    EditRefused, StreamBusy, LakeUnavailable."""
    found = dead_by_id(root, _known(root, ids))
    groups: dict[tuple[str, str], list[DeadRow]] = {}
    for row in {row.id: row for row in found.values()}.values():
        groups.setdefault((row.layer, row.table), []).append(row)
    done: dict[str, Driven] = {}
    for (layer, table), rows in groups.items():
        name = table.removeprefix("bronze.")
        driven = (
            _of_source(root, file, name, rows, repair)
            if layer == "bronze"
            else [_of_shop(root, name, row, repair) for row in rows]
        )
        done |= {one.id: one for one in driven}
    outcomes = [
        replace(done[found[id].id], id=id) if id in found else Driven(id, "already")
        for id in dict.fromkeys(ids)
    ]
    _remember(root, outcomes, repair)
    _judge(root, {row.table for row in found.values() if row.layer == "bronze"})
    return outcomes


def _known(root: LakeRoot, ids: Sequence[str]) -> Sequence[str]:
    for id in ids:
        table, _, place = id.partition(":")
        if not place or not root.is_delta(f"{BRONZE}/{table}"):
            raise DeadUnknown(f"{id} is no row that was set aside: see `bodega quality dead`")
    return ids


def _remember(root: LakeRoot, outcomes: Sequence[Driven], repair: Repair) -> None:
    now = datetime.now(UTC)
    History(root).append(
        "redrives",
        [
            {
                "noted_at": now,
                "id": one.id,
                "table_name": f"bronze.{one.id.partition(':')[0]}",
                "by": repair.by,
                "why": repair.why,
                "edits": json.dumps(dict(repair.edits)),
                "outcome": one.outcome,
                "detail": one.detail,
            }
            for one in outcomes
            if one.outcome != "already"
        ],
    )


def _judge(root: LakeRoot, tables: Collection[str]) -> None:
    """What is still set aside of a source, as its check tells it from now on."""
    now = datetime.now(UTC)
    for table in tables:
        left = dead_rows(root, table=table)
        reasons = dict.fromkeys(row.reason for row in left)
        result = Result(
            table, "rows set aside", "constraint", "warn", passed=not left, rows=len(left),
            observed=", ".join(list(reasons)[:3]), expected="none",
        )  # fmt: skip
        History(root).append("results", [result.row(now)])


def _of_source(
    root: LakeRoot, file: SourcesFile, name: str, rows: Sequence[DeadRow], repair: Repair
) -> list[Driven]:
    for attempt in range(_TRIES):
        try:
            source, stream = _stream(file, name)
            config = file.sources[source]
            if isinstance(config, KafkaConfig):
                table = EnvelopeTable(root, source, stream.name, config.topics[stream.name])
                _refuse_sealed(config, stream, repair)
                return _messages(table, config, rows, repair)
            return _SourceRows(root, source, stream, repair).drive(rows)
        except StreamBusy:
            if attempt == _TRIES - 1:
                raise
            rows = list(dead_by_id(root, [row.id for row in rows]).values())
    return []


def _stream(file: SourcesFile, name: str) -> tuple[str, Stream]:
    for source, config in file.sources.items():
        for stream in config.declared():
            if bronze_table(source, stream.name) == name:
                return source, stream
    raise DeadUnknown(f"{name} is no stream of sources.yml any more: declare it, then drive again")


class _SourceRows:
    """Dead rows of one stream on their way back."""

    def __init__(self, root: LakeRoot, source: str, stream: Stream, repair: Repair) -> None:
        self._root, self._source, self._stream, self._repair = root, source, stream, repair
        self._table = SourceTable(root, source, stream.name)
        self._now = datetime.now(UTC)

    def drive(self, rows: Sequence[DeadRow]) -> list[Driven]:
        """A line of which no edit says a field is still nothing."""
        edits = self._repair.edits
        blank = [] if self._repair.drop else [row for row in rows if not _edited(row, edits)]
        rest = [row for row in rows if row not in blank]
        still = [Driven(row.id, "still", f"{row.reason}: edits say its fields") for row in blank]
        return [*still, *(self._drive(rest) if rest else [])]

    def _drive(self, rows: Sequence[DeadRow]) -> list[Driven]:
        saved = self._table.saved()
        position = self._table.next_position(saved.position)
        columns, parts = list(saved.columns), list[pa.Table]()
        self._refuse_personal()
        outcomes = [Driven(row.id, "dropped") for row in rows]
        driven = list(rows)
        if not self._repair.drop:
            done = self._conformed(rows, columns)
            columns = list(done.columns)
            reasons = done.rows["_rejected"].to_pylist()
            outcomes = [
                Driven(row.id, "still", why) if why else Driven(row.id, "driven")
                for row, why in zip(rows, reasons, strict=True)
            ]
            driven = [row for row, why in zip(rows, reasons, strict=True) if not why]
            if driven:
                parts.append(self._fit(done, driven))
        if driven:
            parts.append(self._marks(driven, position))
            after = saved.model_copy(update={"position": position, "columns": columns})
            self._table.append(columns_of(concatenated(parts), columns), saved, after)
        return outcomes

    def _refuse_personal(self) -> None:
        sealed = () if self._stream.personal is None else self._stream.personal.sealed
        for field in sorted(self._repair.edits.keys() & set(sealed)):
            raise EditRefused(f"{field} is personal: mend it in the source, which is then sealed")

    def _conformed(self, rows: Sequence[DeadRow], columns: Sequence[Any]) -> Conformed:
        records = [_edited(row, self._repair.edits) for row in rows]
        names = dict.fromkeys(name for record in records for name in record)
        page = pa.table(
            {n: pa.array([_text(r.get(n)) for r in records], pa.string()) for n in names}
        )
        with connect(self._root) as con:
            return conform(con, Page(page, {}), self._stream, columns)

    def _fit(self, done: Conformed, driven: Sequence[DeadRow]) -> pa.Table:
        rows = done.rows.filter(pc.is_null(done.rows["_rejected"]))
        op = pc.if_else(rows["_deleted"], "d", "u")
        known = pc.coalesce(
            rows["_known"].cast(AUDIT.field("_known_at").type), pa.scalar(self._now)
        )
        rows = rows.drop_columns(["_deleted", "_known"])
        rows = rows.append_column("_op", op).append_column("_known_at", known)
        return self._placed(
            rows,
            origins=[row.origin for row in driven],
            generations=[row.generation for row in driven],
            places=[(row.position, row.sequence) for row in driven],
        )

    def _marks(self, driven: Sequence[DeadRow], position: int) -> pa.Table:
        """One for each place that held the row, so that none of its likes comes up again."""
        places = [place for row in driven for place in row.alike]
        rows = pa.table(
            {
                "_key": pa.nulls(len(places), pa.string()),
                "_hash": places,
                "_rejected": pa.nulls(len(places), pa.string()),
                "_raw": [_said(self._repair)] * len(places),
                "_op": [MARK] * len(places),
                "_known_at": pa.array([self._now] * len(places), AUDIT.field("_known_at").type),
            }
        )
        return self._placed(
            rows,
            origins=[""] * len(places),
            generations=[0] * len(places),
            places=[(position, n) for n in range(1, len(places) + 1)],
        )

    def _placed(
        self,
        rows: pa.Table,
        *,
        origins: Sequence[str],
        generations: Sequence[int],
        places: Sequence[tuple[int, int]],
    ) -> pa.Table:
        values: dict[str, list[Any]] = {
            "_source": [self._source] * len(rows),
            "_origin": list(origins),
            "_generation": list(generations),
            "_position": [position for position, _ in places],
            "_sequence": [sequence for _, sequence in places],
            "_ingested_at": [self._now] * len(rows),
        }
        for name, column in values.items():
            rows = rows.append_column(name, pa.array(column, AUDIT.field(name).type))
        return rows


def _refuse_sealed(config: KafkaConfig, stream: Stream, repair: Repair) -> None:
    """Of messages that tell of persons nothing was kept to read again, and an edit would be."""
    if stream.name in config.personal and not repair.drop:
        raise EditRefused("It tells of persons: send the message again, mended; then drop this one")


def _messages(
    table: EnvelopeTable, config: KafkaConfig, rows: Sequence[DeadRow], repair: Repair
) -> list[Driven]:
    """Messages of a topic, mended by `key` and `value`."""
    if repair.edits.keys() - {"key", "value"}:
        raise EditRefused("A message has a `key` and a `value`: edit those")
    marked = list(rows) if repair.drop else []
    outcomes = [Driven(row.id, "dropped") for row in marked]
    fit: list[tuple[Place, Told]] = []
    if not repair.drop:
        raws = [{**row.row, **repair.edits} for row in rows]
        found = read_again(config, raws, ts_ms=int(datetime.now(UTC).timestamp() * 1000))
        for row, says in zip(rows, found, strict=True):
            if isinstance(says, str):
                outcomes.append(Driven(row.id, "still", says))
                continue
            fit.append((Place(row.position, row.sequence, row.origin), says))
            outcomes.append(Driven(row.id, "driven"))
            marked.append(row)
    if marked:
        table.put_back(fit, [place for row in marked for place in row.alike], _said(repair))
    return outcomes


def _said(repair: Repair) -> str:
    said: dict[str, object] = {"by": repair.by, "why": repair.why}
    return json.dumps(said | {"edits": dict(repair.edits), "dropped": repair.drop})


def _edited(row: DeadRow, edits: Mapping[str, str | None]) -> dict[str, Any]:
    """A line that could not be split into fields is nothing but what the edits say."""
    whole = set(row.row) == {"line"}
    return {**({} if whole else row.row), **edits}


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _of_shop(root: LakeRoot, name: str, row: DeadRow, repair: Repair) -> Driven:
    """One more change of the key, behind what is complete; a later one of the shop counts more."""
    if repair.drop:
        raise EditRefused(f"{row.id}: a row of the shop is mended or left; it cannot be given up")
    if not repair.edits:
        return Driven(row.id, "still", row.reason)
    for field in repair.edits:
        if field not in row.row or str(row.row[field]).startswith(_SEALED):
            raise EditRefused(f"{row.id}: {field} is personal, or no column of the shop")
    path = f"{BRONZE}/{name}"
    table = root.delta(path)
    application = f"redrive:{row.id}"
    if table.transaction_version(application) is not None:
        return Driven(row.id, "already")
    saved = root.read_json(FEED_STATE) or {}
    position = max(int(saved.get("position", 0)), _highest(table)) + 1
    envelope = pa.Table.from_pylist([_change(row, repair, position)], ENVELOPES)
    by_month = MONTH in table.metadata().partition_columns
    try:
        write_deltalake(
            table,
            with_month(envelope) if by_month else envelope,
            mode="append",
            commit_properties=CommitProperties(app_transactions=[Transaction(application, 1)]),
        )
    except CommitFailedError:
        return Driven(row.id, "already")
    except OSError as error:
        raise LakeUnavailable(root.uri(path), error) from error
    return Driven(row.id, "driven", "counts when the pipelines have passed it")


def _highest(table: Any) -> int:
    actions = table.get_add_actions(flatten=True)
    if "max._position" not in actions.schema.names:
        return 0
    return max(
        (at for at in actions.column("max._position").to_pylist() if at is not None), default=0
    )


def _change(row: DeadRow, repair: Repair, position: int) -> dict[str, Any]:
    now = datetime.now(UTC)
    said = {"by": repair.by, "why": repair.why, "edits": dict(repair.edits), "of": row.id}
    return {
        "key": row.key,
        "before": json.dumps(said),
        "after": json.dumps({**row.row, **repair.edits}),
        "unchanged": [],
        "ts_ms": int(now.timestamp() * 1000),
        "txid": 0,
        "_source": "redrive",
        "_position": position,
        "_sequence": -1,
        "_op": "u",
        "_ingested_at": now,
    }

"""The sink alone: every change once, whatever breaks."""

import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from bodega.backbone.changes.envelope import Change
from bodega.backbone.changes.errors import SinkIncomplete, SinkUnavailable
from bodega.backbone.changes.sink import Batch, Checkpoint
from bodega.data.ingest.bronze import COMPLETE, OPEN, OPEN_SEQUENCE, BronzeSink, complete_position
from bodega.data.lake.paths import FEED_STATE
from bodega.data.lake.storage import LakeRoot
from tests.data.ingest.bronze_tables import changes_in, opened

TABLE = "orders.orders"


def change(lsn: int, sequence: int = 1, **fields: object) -> Change:
    key = f'{{"id":{lsn}}}'
    row = Change(TABLE, "c", key, None, key, (), 1000, 7, lsn, sequence)
    return row._replace(**fields)


def copied(*changes: Change, position: int = 10) -> Batch:
    return Batch({TABLE: changes}, position=position, fresh=True)


@pytest.fixture
def sink(root: LakeRoot) -> BronzeSink:
    sink = BronzeSink(root)
    sink.write(copied())
    return sink


def test_a_copied_table_exists_without_a_row(sink: BronzeSink, root: LakeRoot) -> None:
    table = opened(root, TABLE)
    assert table.to_pyarrow_table().num_rows == 0
    assert table.transaction_version(COMPLETE) == 10


def test_columns_are_the_debezium_envelope_and_the_audit(sink: BronzeSink, root: LakeRoot) -> None:
    sink.write(Batch({TABLE: [change(20, before="{}", op="u", unchanged=("note",))]}, position=20))
    found = opened(root, TABLE).to_pyarrow_table().drop_columns(["_month"])
    assert found.schema == pa.schema(
        [
            ("key", pa.string()),
            ("before", pa.string()),
            ("after", pa.string()),
            ("unchanged", pa.list_(pa.field("element", pa.string()))),
            ("ts_ms", pa.int64()),
            ("txid", pa.int64()),
            ("_source", pa.string()),
            ("_position", pa.int64()),
            ("_sequence", pa.int32()),
            ("_op", pa.string()),
            ("_ingested_at", pa.timestamp("us", tz="UTC")),
        ]
    )
    row = found.to_pylist()[0]
    assert row.pop("_ingested_at") is not None
    assert row == {
        "key": '{"id":20}',
        "before": "{}",
        "after": '{"id":20}',
        "unchanged": ["note"],
        "ts_ms": 1000,
        "txid": 7,
        "_source": "shop",
        "_position": 20,
        "_sequence": 1,
        "_op": "u",
    }


def test_what_comes_again_after_a_crash_is_not_written_again(
    sink: BronzeSink, root: LakeRoot
) -> None:
    batch = Batch({TABLE: [change(20), change(30)]}, position=30)
    sink.write(batch)
    survivor = BronzeSink(root)
    survivor.write(batch)
    survivor.write(Batch({TABLE: [change(30), change(40)]}, position=40))
    assert [c.lsn for c in changes_in(root, TABLE)] == [20, 30, 40]


def test_a_transaction_in_parts_is_complete_only_at_its_end(
    sink: BronzeSink, root: LakeRoot
) -> None:
    parts = [change(20, sequence) for sequence in (1, 2, 3, 4)]
    sink.write(Batch({TABLE: parts[:2]}, position=15, open_position=20))
    table = opened(root, TABLE)
    assert table.transaction_version(COMPLETE) == 15
    assert table.transaction_version(OPEN) == 20
    assert table.transaction_version(OPEN_SEQUENCE) == 2
    BronzeSink(root).write(Batch({TABLE: parts}, position=20))
    assert [c.sequence for c in changes_in(root, TABLE)] == [1, 2, 3, 4]
    assert opened(root, TABLE).transaction_version(COMPLETE) == 20


def test_positions_never_fall(sink: BronzeSink, root: LakeRoot) -> None:
    sink.write(Batch({TABLE: [change(50)]}, position=50))
    BronzeSink(root).write(Batch({TABLE: [change(60)]}, position=0, open_position=60))
    assert opened(root, TABLE).transaction_version(COMPLETE) == 50


def test_two_writers_cannot_both_write_a_change(sink: BronzeSink, root: LakeRoot) -> None:
    other = BronzeSink(root)
    other.write(Batch({TABLE: [change(20)]}, position=20))
    batch = Batch({TABLE: [change(20), change(30)]}, position=30)
    with pytest.raises(SinkUnavailable, match="Concurrent"):
        sink.write(batch)
    sink.write(batch)
    assert [c.lsn for c in changes_in(root, TABLE)] == [20, 30]


def test_a_table_that_is_gone_is_not_begun_in_the_middle(sink: BronzeSink, root: LakeRoot) -> None:
    sink.save(Checkpoint("s", 10, 10, {TABLE: 10}))
    assert BronzeSink(root).checkpoint().copied([TABLE]) == {TABLE}
    shutil.rmtree(root.uri("bronze/shop__orders_orders"))
    with pytest.raises(SinkIncomplete):
        sink.write(Batch({TABLE: [change(20)]}, position=20))
    assert sink.checkpoint().copied([TABLE]) == frozenset()


def test_a_lake_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("a file, not a folder")
    sink = BronzeSink(LakeRoot(tmp_path / "lake"))
    with pytest.raises(SinkUnavailable, match="check that it exists, is writable"):
        sink.write(copied(change(5)))
    with pytest.raises(SinkUnavailable):
        sink.save(Checkpoint())
    with pytest.raises(SinkUnavailable):
        sink.checkpoint()


def test_many_small_files_become_one_and_nothing_is_forgotten(
    sink: BronzeSink, root: LakeRoot
) -> None:
    for lsn in range(20, 80):
        sink.write(Batch({TABLE: [change(lsn)]}, position=lsn))
    before = len(opened(root, TABLE).file_uris())
    sink.rest()
    table = opened(root, TABLE)
    assert len(table.file_uris()) == 1 < before
    assert table.transaction_version(COMPLETE) == 79
    assert [c.lsn for c in changes_in(root, TABLE)] == list(range(20, 80))
    survivor = BronzeSink(root)
    survivor.write(Batch({TABLE: [change(79), change(80)]}, position=80))
    assert len(changes_in(root, TABLE)) == 61


def test_the_checkpoint_survives_and_tells_the_complete_position(
    sink: BronzeSink, root: LakeRoot
) -> None:
    assert complete_position(root) == 0
    saved = Checkpoint("system", 77, 80, {TABLE: 10})
    sink.save(saved)
    assert BronzeSink(root).checkpoint() == saved
    sink.save(replace(saved, position=78))
    assert complete_position(root) == 78
    folder = Path(root.uri(FEED_STATE)).parent
    assert [path.name for path in folder.iterdir() if path.is_file()] == ["_feed.json"]

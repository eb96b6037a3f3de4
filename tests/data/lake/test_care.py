"""Upkeep: small files are joined, old months are archived, nobody's rows or versions are lost."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from bodega.data.ingest.bronze import SCHEMA
from bodega.data.lake import archive as archiving
from bodega.data.lake.archive import archive
from bodega.data.lake.care import care, survey
from bodega.data.lake.delta import AppendOnlyTable, with_month
from bodega.data.lake.policy import BRONZE, GOLD
from bodega.data.lake.storage import LakeRoot
from bodega.data.pipelines.bronze import read_bronze, register

TABLE = "shop__orders_orders"
NOW = datetime(2026, 11, 20, tzinfo=UTC)
COLD_AFTER_90 = replace(BRONZE, archive_days=90)


def envelopes(first: int, count: int, at: datetime = NOW) -> pa.Table:
    rows = [
        {"key": f'{{"id":"{n}"}}', "after": "{}", "unchanged": [], "ts_ms": n, "txid": n}
        | {"_source": "shop", "_position": n, "_sequence": 0, "_op": "c", "_ingested_at": at}
        for n in range(first, first + count)
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


@pytest.fixture
def root(tmp_path: Path) -> LakeRoot:
    return LakeRoot(tmp_path / "lake")


def new_table(root: LakeRoot) -> AppendOnlyTable:
    table = AppendOnlyTable(root.uri(f"bronze/{TABLE}"), SCHEMA)
    table.create()
    return table


def positions(root: LakeRoot) -> list[int]:
    """What the transforms see."""
    with duckdb.connect() as con:
        register(con, [read_bronze(root.work)[TABLE]], {})
        found = con.execute(f'select _position from bronze."{TABLE}" order by 1').fetchall()
    return [row[0] for row in found]


def months(root: LakeRoot) -> list[str]:
    actions = root.delta(f"bronze/{TABLE}").get_add_actions(flatten=True)
    return sorted(set(actions.column("partition._month").to_pylist()))


def test_rows_lie_by_the_month_they_came_in_and_the_table_says_how_it_is_kept(
    root: LakeRoot,
) -> None:
    table = new_table(root)
    table.append(envelopes(1, 2, NOW - timedelta(days=40)), {"feed": 2})
    table.append(envelopes(3, 2), {"feed": 4})
    assert months(root) == ["2026-10", "2026-11"]
    kept = root.delta(f"bronze/{TABLE}").metadata().configuration
    assert kept["delta.deletedFileRetentionDuration"] == "interval 24 hours"
    assert positions(root) == [1, 2, 3, 4]


def test_compaction_leaves_a_file_a_month_every_row_and_what_applications_recorded(
    root: LakeRoot,
) -> None:
    table = new_table(root)
    for n in range(4):
        table.append(envelopes(n, 1, NOW - timedelta(days=20 * (n % 2))), {"feed": n})
    before = root.delta(f"bronze/{TABLE}").version()
    table.compact()
    after = root.delta(f"bronze/{TABLE}")
    assert len(after.file_uris()) == 2
    assert after.transaction_version("feed") == 3
    assert positions(root) == [0, 1, 2, 3]
    # The last day's versions can still be read.
    assert DeltaTable(root.uri(f"bronze/{TABLE}"), version=before).count() == 4


def test_a_table_from_before_months_is_rearranged_when_it_is_compacted(root: LakeRoot) -> None:
    uri = root.uri(f"bronze/{TABLE}")
    write_deltalake(uri, envelopes(1, 3))
    table = AppendOnlyTable(uri, SCHEMA)
    table.append(envelopes(4, 1), {"feed": 4})
    table.compact()
    table.append(envelopes(5, 1), {"feed": 5})
    assert months(root) == ["2026-11"]
    assert positions(root) == [1, 2, 3, 4, 5]
    assert root.delta(f"bronze/{TABLE}").transaction_version("feed") == 5


def test_old_months_move_to_the_archive_and_are_still_read_from_zero(root: LakeRoot) -> None:
    table = new_table(root)
    table.append(envelopes(1, 2, NOW - timedelta(days=200)), {"feed": 2})
    table.append(envelopes(3, 2), {"feed": 4})
    cold = root.beside(str(root.work.parent / "cold"))
    assert archive(root, TABLE, COLD_AFTER_90, cold, now=NOW) == ["2026-05"]
    assert months(root) == ["2026-11"]
    assert positions(root) == [1, 2, 3, 4]
    assert list((root.work.parent / "cold").rglob("*.parquet"))
    # Day by day nobody opens a cold file: it holds nothing that is new.
    assert len(read_bronze(root.work)[TABLE].files_since(3)) == 1
    assert archive(root, TABLE, COLD_AFTER_90, cold, now=NOW) == []


@pytest.mark.parametrize("named", ["from the lake", "by its whole path"])
def test_an_archive_inside_the_lake_moves_with_it(root: LakeRoot, named: str) -> None:
    new_table(root).append(envelopes(1, 2, NOW - timedelta(days=200)), {"feed": 2})
    archive(root, TABLE, COLD_AFTER_90, root.beside(root.uri("archive")), now=NOW)
    if named == "by its whole path":  # as it was said before
        place = f"bronze/_archived/{TABLE}.json"
        said = root.read_text(place)
        assert said is not None
        root.write_text(place, said.replace('"archive/', f'"{root.uri("archive")}/'))
    there = root.work.rename(root.work.parent / "restored")
    assert positions(LakeRoot(there)) == [1, 2]


@pytest.mark.parametrize("step", ["copying", "naming", "taking out"])
def test_archiving_that_stops_half_way_doubles_nothing_and_goes_on(
    root: LakeRoot, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    table = new_table(root)
    for n in (1, 2):
        table.append(envelopes(n, 1, NOW - timedelta(days=200)), {"feed": n})
    table.append(envelopes(3, 1), {"feed": 3})
    cold = root.beside(root.uri("archive"))

    def crash(*_: object, **__: object) -> None:
        raise OSError("gone")

    with monkeypatch.context() as patched:
        if step == "copying":
            patched.setattr(LakeRoot, "copy_out", crash)
        elif step == "naming":
            patched.setattr(LakeRoot, "write_json", crash)
        else:
            patched.setattr(archiving, "take_out", crash)
        with pytest.raises(OSError, match="gone"):
            archive(root, TABLE, COLD_AFTER_90, cold, now=NOW)
    assert positions(root) == [1, 2, 3]
    assert archive(root, TABLE, COLD_AFTER_90, cold, now=NOW) == ["2026-05"]
    assert positions(root) == [1, 2, 3]


def test_rows_that_come_into_an_archived_month_join_it_with_the_next_round(root: LakeRoot) -> None:
    table, cold = new_table(root), root.beside(root.uri("archive"))
    for n in (1, 2):
        table.append(envelopes(n, 1, NOW - timedelta(days=200)), {"feed": n})
        assert archive(root, TABLE, COLD_AFTER_90, cold, now=NOW) == ["2026-05"]
        table.forget()
    table.append(envelopes(3, 1, NOW - timedelta(days=200)), {"feed": 3})
    assert positions(root) == [1, 2, 3]


def test_a_round_tells_what_it_did_and_a_survey_how_tables_lie(root: LakeRoot) -> None:
    table = new_table(root)
    for n in range(3):
        table.append(envelopes(n, 1), {"feed": n})
    root.write_json("bronze/_feed.json", {"position": 3})
    kept = {"bronze": BRONZE, "gold": GOLD}
    [before] = survey(root, kept)
    assert (before.table, before.files, before.small_files) == (f"bronze.{TABLE}", 3, 3)
    done = care(root, kept, bronze_files=True)
    assert (done.dropped, dict(done.archived)) == (0, {})
    [after] = survey(root, kept)
    assert (after.files, after.droppable) == (1, 0)


@contextmanager
def writers(root: LakeRoot, *roles: str) -> Iterator[list[subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "tests.data.lake.writer", root.uri(f"bronze/{TABLE}")]
    started = [
        subprocess.Popen([*command, role], stdout=subprocess.PIPE, text=True) for role in roles
    ]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.communicate()


def test_writers_in_parallel_processes_lose_and_double_nothing(root: LakeRoot) -> None:
    """Two append, one joins small files, one takes out an old month, all at the same time."""
    table = new_table(root)
    table.append(with_old_month(), {"old": 1})
    with writers(root, "append-a", "append-b", "compact", "take-out") as running:
        told = [json.loads(process.communicate(timeout=120)[0]) for process in running]
    assert [said["done"] for said in told] == [15, 15, 4, 1]
    delta = root.delta(f"bronze/{TABLE}")
    assert months(root) == ["2026-11"]
    assert positions(root) == [*range(1000, 1015), *range(2000, 2015)]
    assert {delta.transaction_version(name) for name in ("append-a", "append-b")} == {1014, 2014}


def with_old_month() -> pa.Table:
    return envelopes(1, 1, NOW - timedelta(days=200))


def test_one_feed_cannot_write_over_what_another_wrote_in_its_name(root: LakeRoot) -> None:
    """Two processes that believe to be the feed: the second append of the same step is refused."""
    first, second = new_table(root), AppendOnlyTable(root.uri(f"bronze/{TABLE}"), SCHEMA)
    assert second.transaction("feed") is None
    first.append(envelopes(1, 1), {"feed": 1})
    with pytest.raises(Exception, match=r"feed|transaction"):
        second.append(envelopes(1, 1), {"feed": 1})
    assert positions(root) == [1]


def test_the_month_is_that_of_utc() -> None:
    late = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)
    assert with_month(envelopes(1, 1, late))["_month"].to_pylist() == ["2026-11"]

"""What loads promise: each row once, state with the data, incidents by stated rules."""

import os
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bodega.data.ingest.sources.config import StreamConfig
from bodega.data.ingest.sources.contract import Stream
from bodega.data.ingest.sources.errors import (
    SchemaFrozen,
    SourceUnreachable,
    StateLost,
    StreamBusy,
)
from bodega.data.ingest.sources.load import FlushPolicy
from bodega.data.ingest.sources.table import Saved, SourceTable
from bodega.testing.lake import PlayedSource as Scripted
from tests.data.ingest.sources.conftest import Bench

EACH_PAGE = FlushPolicy(rows=1)


def stream(**said: Any) -> Stream:
    return StreamConfig.model_validate(said).stream("rows")


def item(id: Any, **over: Any) -> dict[str, Any]:
    return {"id": id, "price": 1.5, "name": f"n{id}", **over}


def test_a_row_read_again_is_there_once(bench: Bench) -> None:
    keyed = stream(key=["id"])
    bench.read(Scripted([[item(1), item(2)]]), keyed)
    report = bench.read(Scripted([[item(1), item(2)], [item(2, price=9), item(3), item(3)]]), keyed)
    assert (report.rows, report.kept, report.unchanged) == (3, 2, 1)
    assert [(row["id"], row["price"]) for row in bench.rows(keyed)] == [(1, 1.5), (2, 9), (3, 1.5)]


def test_an_outage_keeps_what_was_read_and_goes_on_behind_it(bench: Bench) -> None:
    source = Scripted([[item(1)], [item(2)], [item(3)]], fails_at=2)
    with pytest.raises(SourceUnreachable) as caught:
        bench.read(source, stream(key=["id"]))
    report = caught.value.extra["report"]
    assert (report.kept, report.error) == (2, "the source is down")  # type: ignore[attr-defined]
    source.fails_at, source.asked = None, []
    assert bench.read(source, stream(key=["id"])).kept == 1
    assert source.asked == [2]
    assert [row["id"] for row in bench.rows(stream(key=["id"]))] == [1, 2, 3]


def test_a_new_column_joins_and_a_lost_one_is_named(bench: Bench) -> None:
    keyed = stream(key=["id"])
    bench.read(Scripted([[item(1)]]), keyed)
    renamed = {"id": 2, "cost": 2.5, "name": "n2"}
    report = bench.read(Scripted([[], [renamed]]), keyed)
    assert (report.columns_added, report.columns_missing) == (["cost"], ["price"])
    assert bench.rows(keyed) == [
        {"id": 1, "price": 1.5, "name": "n1", "cost": None},
        {"id": 2, "price": None, "name": "n2", "cost": 2.5},
    ]


@pytest.mark.parametrize(
    ("mode", "kept", "columns"),
    [("evolve", 2, {"extra"}), ("drop_value", 2, set()), ("drop_row", 1, set())],
    ids=["evolve", "drop_value", "drop_row"],
)
def test_unknown_columns_by_contract(bench: Bench, mode: str, kept: int, columns: set[str]) -> None:
    told = stream(
        key=["id"], fields={"id": "integer", "price": "number", "name": "string"}, contract=mode
    )
    report = bench.read(Scripted([[item(1, extra="x"), item(2)]]), told)
    assert report.kept == kept
    assert set(bench.rows(told)[0]) - {"id", "price", "name"} == columns


@pytest.mark.parametrize(
    ("mode", "kept", "price"),
    [("evolve", 2, None), ("drop_value", 2, None), ("drop_row", 1, 1.5)],
    ids=["evolve", "drop_value", "drop_row"],
)
def test_values_of_another_type_by_contract(
    bench: Bench, mode: str, kept: int, price: float | None
) -> None:
    told = stream(key=["id"], fields={"price": "number"}, contract={"types": mode})
    report = bench.read(Scripted([[item(1), item(2, price="dear")]]), told)
    assert report.kept == kept
    assert bench.rows(told)[-1]["price"] == price
    if mode == "evolve":
        assert [row["price__text"] for row in bench.rows(told)] == [None, "dear"]
        bench.read(Scripted([[], [item(3, price="cheap")]]), told)
        assert bench.rows(told)[-1]["price__text"] == "cheap"
    if mode == "drop_value":
        assert report.values_dropped == {"price": 1}
    if mode == "drop_row":
        assert bench.rejected(told)[0][0] == "price: not a finite number"


@pytest.mark.parametrize(
    "row", [item(2, price="dear"), item(2, extra="new")], ids=["type", "column"]
)
def test_a_frozen_contract_stops_before_the_page(bench: Bench, row: dict[str, Any]) -> None:
    told = stream(
        key=["id"],
        fields={"id": "integer", "price": "number", "name": "string"},
        contract="freeze",
    )
    source = Scripted([[item(1)], [row]])
    with pytest.raises(SchemaFrozen):
        bench.read(source, told, policy=EACH_PAGE)
    assert [row["id"] for row in bench.rows(told)] == [1]
    with pytest.raises(SchemaFrozen):
        bench.read(source, told)


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("number", float("nan"), "not a finite number"),
        ("number", "Infinity", "not a finite number"),
        ("number", "1e999", "not a finite number"),
        ("integer", 2**63, "not an integer of 64 bits"),
        ("integer", "1.5", "not an integer of 64 bits"),
        ("decimal(6,2)", "12345.00", "not a decimal(6,2)"),
        ("decimal(6,2)", "1.239", "not a decimal(6,2)"),
        ("decimal(6,2)", "1e-7", "not a decimal(6,2)"),
        ("decimal(6,2)", "NaN", "not a decimal(6,2)"),
        ("date", "2026-02-30", "not a date"),
        ("timestamp", "soon", "not a timestamp"),
        ("boolean", "perhaps", "not a boolean"),
        ("json", "{broken", "not JSON"),
    ],
)
def test_a_value_that_does_not_fit_is_set_aside(
    bench: Bench, kind: str, value: object, reason: str
) -> None:
    told = stream(key=["id"], fields={"v": kind})
    report = bench.read(Scripted([[{"id": 1, "v": value}, {"id": 2, "v": None}]]), told)
    assert report.rejected == {f"v: {reason}": 1}
    assert bench.rows(told) == [{"id": 2, "v": None}]
    assert str(value) in bench.rejected(told)[0][1]


def test_rows_without_key_or_demanded_field_are_set_aside(bench: Bench) -> None:
    told = stream(key=["id"], fields={"name": {"type": "string", "required": True}})
    rows: list[Any] = [item(1), {"price": 2, "name": "x"}, {"id": 3}, "no record"]
    report = bench.read(Scripted([rows]), told)
    assert report.rejected == {
        "id: a key is missing": 1,
        "name: required, and missing": 1,
        "record: not a JSON object": 1,
    }


def test_text_is_kept_as_it_is(bench: Bench) -> None:
    strange = [
        "",
        " two  spaces ",
        'quo"te',
        "new\nline",
        "\u0000nul",
        "\ud800lone",
        "日本",
        "' --",
    ]
    told = stream(key=["id"], fields={"name": "string"})
    report = bench.read(Scripted([[item(n, name=s) for n, s in enumerate(strange)]]), told)
    assert report.set_aside == 0
    kept = [row["name"] for row in bench.rows(told)]
    assert kept == [s.replace("\ud800", "?") for s in strange]


def test_the_newest_version_wins_however_late_it_comes(bench: Bench) -> None:
    told = stream(key=["id"], version="updated")
    newer, older = item(1, updated="2026-11-02", price=2), item(1, updated="2026-11-01", price=1)
    bench.read(Scripted([[newer]]), told)
    report = bench.read(Scripted([[], [older]]), told)
    assert report.kept == 1
    assert bench.rows(told)[0]["price"] == 2


def test_a_record_the_source_calls_deleted_is_gone_and_may_come_back(bench: Bench) -> None:
    told = stream(key=["id"], deleted="gone", fields={"gone": "boolean"})
    pages = [
        [item(1, gone=False), item(2, gone=False)],
        [item(1, gone=True)],
        [item(1, gone=False)],
    ]
    for upto, ids in ((1, [1, 2]), (2, [2]), (3, [1, 2])):
        bench.read(Scripted(pages[:upto]), told)
        assert sorted(row["id"] for row in bench.rows(told)) == ids


def test_what_a_whole_reading_no_longer_holds_is_gone(bench: Bench) -> None:
    told = stream(key=["id"], missing="delete")
    bench.read(Scripted([[item(1), item(2)], [item(3)]], whole=True), told)
    report = bench.read(Scripted([[item(1)], [item(3, price=7)]], whole=True), told)
    assert (report.kept, report.unchanged, report.deleted) == (1, 1, 1)
    assert [row["id"] for row in bench.rows(told)] == [1, 3]
    bench.read(Scripted([[item(2)]], whole=True), told)
    assert [row["id"] for row in bench.rows(told)] == [2]


@pytest.mark.parametrize(
    ("sent", "left", "deleted"),
    [
        pytest.param([item(1), item(2, price="dear")], [1, 2], 1, id="unfit-but-named"),
        pytest.param([item(1), item(None)], [1, 2, 3], 0, id="without-its-key"),
        pytest.param([item(1), "no record"], [1, 2, 3], 0, id="no-record-at-all"),
    ],
)
def test_a_record_that_came_unfit_is_not_gone(
    bench: Bench, sent: list[Any], left: list[int], deleted: int
) -> None:
    told = stream(key=["id"], missing="delete", fields={"price": "number"})
    bench.read(Scripted([[item(1), item(2), item(3)]], whole=True), told)
    report = bench.read(Scripted([sent], whole=True), told)
    assert sorted(row["id"] for row in bench.rows(told)) == left
    assert (report.deleted, report.set_aside) == (deleted, 1)
    assert bool(report.notes) is not bool(deleted)


def test_a_key_of_another_type_is_no_key_whatever_the_contract(bench: Bench) -> None:
    told = stream(key=["id"], fields={"id": "integer"}, contract="drop_value")
    bench.read(Scripted([[item(1), item("x"), item("y", name="other")]]), told)
    assert [row["id"] for row in bench.rows(told)] == [1]
    assert [why for why, _ in bench.rejected(told)] == ["id: not an integer of 64 bits"] * 2


def test_a_whole_reading_that_broke_off_deletes_nothing(bench: Bench) -> None:
    told = stream(key=["id"], missing="delete")
    bench.read(Scripted([[item(1)], [item(2)], [item(3)]], whole=True), told)
    broken = Scripted([[item(1)], [item(2, price=5)], [item(4)]], whole=True, fails_at=2)
    with pytest.raises(SourceUnreachable):
        bench.read(broken, told, policy=EACH_PAGE)
    assert [row["id"] for row in bench.rows(told)] == [1, 3, 2]
    broken.fails_at, broken.asked = None, []
    bench.read(broken, told)
    assert broken.asked == [0, 1, 2]
    assert sorted(row["id"] for row in bench.rows(told)) == [1, 2, 4]


def test_without_a_key_a_whole_reading_replaces_the_last_only_when_it_ended(bench: Bench) -> None:
    bench.read(Scripted([[item(1), item(1)]], whole=True), stream())
    broken = Scripted([[item(5)], [item(6)]], whole=True, fails_at=1)
    with pytest.raises(SourceUnreachable):
        bench.read(broken, stream())
    assert [row["id"] for row in bench.rows(stream())] == [1, 1]
    broken.fails_at = None
    bench.read(broken, stream())
    assert [row["id"] for row in bench.rows(stream())] == [5, 6]


def test_full_reads_anew_and_doubles_nothing(bench: Bench) -> None:
    source = Scripted([[item(1)], [item(2)]])
    bench.read(source, stream())
    bench.read(source, stream(), full=True)
    assert [row["id"] for row in bench.rows(stream())] == [1, 2]
    source.pages = [*source.pages, [item(3)]]
    bench.read(source, stream())
    assert [row["id"] for row in bench.rows(stream())] == [1, 2, 3]


def test_a_correction_of_the_past_leaves_what_was_known_then(bench: Bench) -> None:
    keyed = stream(key=["day"])
    bench.read(Scripted([[{"day": "2026-11-01", "sold": 5}]]), keyed)
    then = bench.clock.now()
    bench.clock.at += timedelta(days=3)
    bench.read(Scripted([[], [{"day": "2026-11-01", "sold": 4}]]), keyed)
    assert bench.rows(keyed)[0]["sold"] == 4
    assert bench.rows(keyed, as_of=then)[0]["sold"] == 5


def test_the_source_may_say_when_it_knew(bench: Bench) -> None:
    told = stream(key=["id"], known_at="filed")
    bench.read(Scripted([[item(1, filed="2025-10-31T06:01:26Z")]]), told)
    assert bench.rows(told, as_of=datetime(2025, 11, 1, tzinfo=UTC))[0]["id"] == 1
    assert bench.rows(told, as_of=datetime(2025, 10, 1, tzinfo=UTC)) == []


def test_two_readers_of_one_stream_cannot_both_write(bench: Bench) -> None:
    bench.read(Scripted([[item(1)]]), stream(key=["id"]))
    table = SourceTable(bench.root, "test", "rows")
    stale = table.saved()
    bench.read(Scripted([[], [item(2)]]), stream(key=["id"]))
    rows = table_rows()
    with pytest.raises(StreamBusy):
        table.append(rows, stale, Saved(position=table.next_position(stale.position)))
    assert [row["id"] for row in bench.rows(stream(key=["id"]))] == [1, 2]


def table_rows() -> Any:
    from bodega.data.ingest.sources.conform import table_schema

    return table_schema(()).empty_table()


def test_a_state_that_is_gone_is_said_and_full_reads_anew(bench: Bench) -> None:
    keyed = stream(key=["id"])
    bench.read(Scripted([[item(1)]]), keyed)
    for state in (bench.folder / "lake" / "bronze" / "_state").rglob("*.json"):
        state.unlink()
    with pytest.raises(StateLost, match="--full"):
        bench.read(Scripted([[item(1)]]), keyed)
    assert bench.read(Scripted([[item(1), item(2)]]), keyed, full=True).kept == 1


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from bodega.data.ingest.sources import table
    from tests.data.ingest.sources.conftest import Bench
    from tests.data.ingest.sources.test_load import EACH_PAGE, Scripted, item, stream

    point, folder = sys.argv[1], Path(sys.argv[2])
    real, steps = table.SourceTable._commit, [0]

    def commit(self, *given):
        steps[0] += 1
        if point == f"before {steps[0]}": os.kill(os.getpid(), signal.SIGKILL)
        real(self, *given)
        if point == f"after {steps[0]}": os.kill(os.getpid(), signal.SIGKILL)

    table.SourceTable._commit = commit
    pages = [[item(3 * n + k, n=n) for k in range(3)] for n in range(4)]
    Bench(folder).read(Scripted(pages), stream(), policy=EACH_PAGE)
"""


@pytest.mark.parametrize("point", ["before 3", "after 3", "after 4"])
def test_kill_9_at_any_commit_neither_loses_nor_doubles(bench: Bench, point: str) -> None:
    """A process of its own, because it dies; without a key, because a key would hide doubles."""
    script = textwrap.dedent(KILLED)
    command = [sys.executable, "-c", script, point, str(bench.folder)]
    died = subprocess.run(command, check=False, cwd=os.getcwd())
    assert died.returncode == -signal.SIGKILL
    pages = [[item(3 * n + k, n=n) for k in range(3)] for n in range(4)]
    bench.read(Scripted(pages), stream())
    assert [row["id"] for row in bench.rows(stream())] == list(range(12))

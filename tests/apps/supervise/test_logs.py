"""Log files are followed, merged by time, coloured by process and put aside when too long."""

import json
from pathlib import Path

from bodega.apps.supervise.logs import LogLine, Tail, last_lines, rotate


def line(event: str, at: str = "2026-01-02T03:04:05Z", **more: object) -> str:
    return json.dumps({"event": event, "timestamp": at, "level": "info", **more})


def test_a_tail_gives_whole_lines_once(tmp_path: Path) -> None:
    file = tmp_path / "api.log"
    file.write_text("old\n")
    tail = Tail("api", file)
    with file.open("a") as log:
        log.write("one\ntw")
        log.flush()
        assert [item.raw for item in tail.lines()] == ["one"]
        log.write("o\n")
    assert [item.raw for item in tail.lines()] == ["two"]
    assert list(tail.lines()) == []


def test_a_tail_survives_truncation_and_a_missing_file(tmp_path: Path) -> None:
    file = tmp_path / "api.log"
    tail = Tail("api", file)
    assert list(tail.lines()) == []
    file.write_text("a long first line\n")
    assert len(list(tail.lines())) == 1
    file.write_text("new\n")
    assert [item.raw for item in tail.lines()] == ["new"]


def test_files_are_merged_by_time_and_traces_stay_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "api.log").write_text(
        "\n".join(
            [line("first", "2026-01-01T00:00:01Z"), "  a trace", line("third", "2026-01-03T")]
        )
    )
    (tmp_path / "worker.log").write_text(line("second", "2026-01-02T00:00:00Z") + "\n")
    merged = last_lines(sorted(tmp_path.glob("*.log")), 10)
    said = [item.entry.get("event", item.raw) for item in merged]
    assert said == ["first", "  a trace", "second", "third"]


def test_only_the_last_lines_are_read(tmp_path: Path) -> None:
    file = tmp_path / "api.log"
    file.write_text("".join(f"{number}\n" for number in range(100_000)))
    assert [item.raw for item in last_lines([file], 2)] == ["99998", "99999"]
    assert last_lines([file], 0) == []


def test_a_line_is_pretty() -> None:
    pretty = LogLine.parse("worker", line("order placed", order=1001)).pretty().plain
    assert pretty == "03:04:05 worker     order placed order=1001"
    assert LogLine.parse("worker", "{broken").pretty().plain.endswith("{broken")
    assert LogLine.parse("worker", "[1]").entry == {}


def test_debug_and_the_servers_small_talk_are_not_shown() -> None:
    assert LogLine.parse("api", line("x")).worth_showing
    assert not LogLine.parse("api", line("x", level="debug")).worth_showing
    assert not LogLine.parse("api", "").worth_showing
    assert not LogLine.parse("postgres", "LOG:  checkpoint starting").worth_showing
    assert LogLine.parse("postgres", "FATAL:  out of disk").worth_showing


def test_a_long_file_is_put_aside_under_a_writer_that_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "api.log"
    with file.open("a") as writer:
        writer.write("x" * 100 + "\n")
        writer.flush()
        rotate(file, limit=1000)
        assert file.stat().st_size == 101
        rotate(file, limit=100)
        writer.write("after\n")
    assert file.read_text() == "after\n"
    assert (tmp_path / "api.log.1").read_text() == "x" * 100 + "\n"

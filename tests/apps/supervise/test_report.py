"""Steps are told the same way through a pipe and on a terminal; secrets only where asked."""

import io
import os
import re

import pytest
from rich.console import Console

from bodega.apps.supervise.logs import LogLine
from bodega.apps.supervise.report import Report, from_pipe, step, to_pipe
from bodega.apps.supervise.terminal import Terminal


def told(*reports: Report, terminal: bool = False) -> str:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=100, highlight=False)
    with Terminal(console) as screen:
        for report in reports:
            screen(report)
    assert isinstance(console.file, io.StringIO)
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", console.file.getvalue())


def test_a_step_begins_goes_on_and_is_done() -> None:
    said: list[Report] = []
    with step("Seeding", said.append) as current:
        current.progress("orders", 5, 10)
        current.detail = "10 orders"
    assert [report.kind for report in said] == ["begin", "progress", "done"]
    assert (said[1].done, said[1].total, said[2].text) == (5, 10, "10 orders")


def test_a_step_that_fails_says_so_and_lets_the_error_go_on() -> None:
    said: list[Report] = []
    with pytest.raises(ZeroDivisionError), step("Seeding", said.append):
        _ = 1 / 0
    assert said[-1].kind == "failed"


def test_a_pipe_carries_reports_whole_and_skips_other_words() -> None:
    pipe = io.StringIO()
    reports = [Report("begin", "Seeding"), Report("ready", values={"shop": "http://x"})]
    for report in reports:
        to_pipe(pipe)(report)
    pipe.write("a library's chatter\n")
    assert list(from_pipe(io.StringIO(pipe.getvalue()))) == reports


def test_a_reader_that_left_is_no_reason_to_stop() -> None:
    pipe = io.StringIO()
    pipe.close()
    to_pipe(pipe)(Report("begin"))


@pytest.mark.parametrize("terminal", [True, False])
def test_a_terminal_shows_one_line_a_step(terminal: bool) -> None:
    shown = told(
        Report("begin", "Seeding"),
        Report("progress", "Seeding", "orders", 1, 2),
        Report("progress", "unknown"),
        Report("done", "Seeding", "10 orders [x]", seconds=1.25),
        Report("failed", "Lake", seconds=0.1),
        Report("notice", text="api ended"),
        Report("error", text="Port 8000 is in use"),
        terminal=terminal,
    )
    assert "✓ Seeding" in shown
    assert "1.2 s" in shown
    assert "10 orders [x]" in shown
    assert "✗ Lake" in shown
    assert "api ended" in shown
    assert "Port 8000 is in use" in shown


def test_boxes_hold_passwords_as_they_are() -> None:
    shown = told(Report("secret", text="Your administrator", values={"password": "a[b]c"}))
    assert "a[b]c" in shown


def test_log_lines_wait_until_the_shop_is_open_unless_they_alarm() -> None:
    console = Console(file=io.StringIO(), width=100)
    with Terminal(console) as screen:
        screen.log_line(LogLine.parse("api", '{"event": "quiet", "level": "info"}'))
        screen.log_line(LogLine.parse("api", '{"event": "alarm", "level": "error"}'))
        screen(Report("ready", text="open"))
        screen.log_line(LogLine.parse("api", '{"event": "busy", "level": "info"}'))
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert "quiet" not in shown
    assert "alarm" in shown
    assert "busy" in shown


def test_who_listened_may_leave_and_the_speaker_still_ends_well() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as pipe:
        report = to_pipe(pipe)
        os.close(reading)
        report(Report("begin"))
        report(Report("done"))

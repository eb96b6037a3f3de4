"""Reports on a terminal: a spinner or bar for the step under way, a line for each done."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from bodega.apps.supervise.logs import LogLine
from bodega.apps.supervise.report import Report

_NAME_WIDTH = 24


class Terminal:
    """Prints reports; without a real terminal it prints plain lines only."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("[dim]{task.fields[text]}"),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}
        self._is_open = False
        self._say = {
            "begin": self._begin,
            "progress": self._update,
            "done": self._done,
            "failed": self._failed,
            "notice": self._notice,
            "secret": self._boxed,
            "ready": self._open,
            "error": self._error,
        }

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def __call__(self, report: Report) -> None:
        self._say[report.kind](report)

    def _begin(self, report: Report) -> None:
        self._tasks[report.step] = self._progress.add_task(report.step, total=None, text="")

    def _update(self, report: Report) -> None:
        task = self._tasks.get(report.step)
        if task is not None:
            total = report.total or None
            self._progress.update(task, completed=report.done, total=total, text=report.text)

    def _done(self, report: Report) -> None:
        self._close(report, "[green]✓[/]")

    def _failed(self, report: Report) -> None:
        self._close(report, "[red]✗[/]")

    def _close(self, report: Report, mark: str) -> None:
        task = self._tasks.pop(report.step, None)
        if task is not None:
            self._progress.remove_task(task)
        line = f"{mark} {report.step:<{_NAME_WIDTH}} [dim]{report.seconds:5.1f} s[/]  "
        self.console.print(line, end="")
        self.console.print(report.text, markup=False)

    def _notice(self, report: Report) -> None:
        self.console.print(report.text, style="yellow", markup=False)

    def log_line(self, line: LogLine) -> None:
        """While starting, only what sounds like trouble; then everything."""
        if self._is_open or line.level in ("warning", "error", "critical"):
            self.console.print(line.pretty())

    def _open(self, report: Report) -> None:
        self._is_open = True
        self._boxed(report)

    def _error(self, report: Report) -> None:
        self.console.print(report.text, style="bold red", markup=False)

    def _boxed(self, report: Report) -> None:
        self.console.print(Panel(_table(report.values), title=report.text, expand=False))


def _table(values: dict[str, str]) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, value in values.items():
        table.add_row(Text(name, style="dim"), Text(value))
    return table

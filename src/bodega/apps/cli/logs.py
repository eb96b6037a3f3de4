"""`bodega logs`: what the processes wrote."""

import time
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command()(logs)


def logs(
    process: Annotated[
        str | None, typer.Argument(help="One process, such as api or postgres; else all.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    tail: Annotated[int, typer.Option("--tail", "-n", min=0, help="Lines of each process.")] = 50,
    raw: Annotated[bool, typer.Option("--raw", help="As written: JSON lines.")] = False,
) -> None:
    """Show the latest log lines, merged by time.

    Example: bodega logs worker -f
    """
    from rich.console import Console

    from bodega.apps.supervise.logs import LogLine, Tail, last_lines
    from bodega.backbone.settings import load_settings

    files = _files(load_settings().data_dir / "logs", process)
    console = Console(highlight=False, soft_wrap=True)

    def show(line: LogLine) -> None:
        if raw:
            typer.echo(line.raw)
        elif process or line.worth_showing:
            console.print(line.pretty())

    tails = [Tail(file.stem, file) for file in files]
    for line in last_lines(files, tail):
        show(line)
    while follow:
        for followed in tails:
            for line in followed.lines():
                show(line)
        time.sleep(0.2)


def _files(folder: Path, process: str | None) -> list[Path]:
    found = sorted(folder.glob("*.log"))
    chosen = [file for file in found if process in (None, file.stem)]
    if not chosen:
        names = ", ".join(file.stem for file in found) or "none yet: start with `bodega up`"
        raise typer.BadParameter(f"no such log in {folder}; there are: {names}")
    return chosen

"""`bodega status`: what runs, how well, and how much memory it takes."""

import json
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bodega.apps.supervise.inspection import Inspection
    from bodega.data.quality.freshness import TableAge

NOT_RUNNING = 3  # as in the Linux Standard Base's init scripts


def register(app: typer.Typer) -> None:
    app.command()(status)


def status(
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Show the shop's processes, and whether its tables are fresh.

    Exit code 0: healthy, 1: in trouble or starting, 3: not running.

    Example: bodega status --json
    """
    from bodega.apps.supervise.folder import DataFolder
    from bodega.apps.supervise.inspection import inspect
    from bodega.backbone.settings import load_settings

    seen = inspect(DataFolder(load_settings().data_dir))
    ages = _ages() if seen.running else []
    if as_json:
        states = {age.table: age.state for age in ages}
        typer.echo(json.dumps(asdict(seen) | {"freshness": states}, indent=2))
    else:
        _print(seen)
        _print_ages(ages)
    raise typer.Exit((0 if seen.healthy else 1) if seen.running else NOT_RUNNING)


def _print(seen: "Inspection") -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, soft_wrap=True)
    if not seen.running:
        console.print(f"No Bodega runs on {seen.data_dir}. Start it with `bodega up`.")
        return
    table = Table("process", "state", "pid", "restarts", "memory", "since", box=None)
    for row in seen.processes:
        colour = "green" if row["state"] == "running" else "red"
        table.add_row(
            str(row["name"]),
            f"[{colour}]{row['state']}[/]",
            str(row["pid"] or "-"),
            str(row["restarts"]),
            f"{row['memory_mb']} MB",
            str(row["started_at"] or "")[:19].replace("T", " "),
        )
    mood = "[green]healthy[/]" if seen.healthy else f"[yellow]{_trouble(seen)}[/]"
    console.print(f"{seen.url}  {mood}  {seen.memory_mb} MB  {seen.data_dir}")
    console.print(table)


def _ages() -> "list[TableAge]":
    """None where the lake's libraries are not installed, or its files break a rule."""
    from bodega.kernel.errors import BodegaError

    try:
        from bodega.apps.cli.quality import table_ages

        return table_ages()
    except (ImportError, BodegaError):
        return []


def _print_ages(ages: "list[TableAge]") -> None:
    counts: Counter[str] = Counter(age.state for age in ages if age.state != "unwatched")
    if counts:
        said = ", ".join(f"{counts[s]} {s}" for s in ("ok", "warn", "late", "unknown") if counts[s])
        typer.echo(f"tables  {said}{_named(ages)}")


def _named(ages: "list[TableAge]") -> str:
    odd = [age.table for age in ages if age.state in ("late", "warn")]
    if not odd:
        return ""
    more = f" and {len(odd) - 3} more" if len(odd) > 3 else ""
    return f": {', '.join(odd[:3])}{more}; see `bodega quality freshness`"


def _trouble(seen: "Inspection") -> str:
    return seen.phase if seen.phase != "ready" else "in trouble: see `bodega logs`"

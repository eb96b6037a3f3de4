"""`bodega sources …`: what enters the lake from elsewhere."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from bodega.apps.sources import Listed
    from bodega.backbone.settings import Settings
    from bodega.data.ingest.sources.report import LoadReport

group = typer.Typer(
    no_args_is_help=True, help="Read files, APIs and databases into the lake (sources.yml)."
)
_JSON = typer.Option("--json", help="For scripts.")
_WHICH = typer.Argument(help="SOURCE or SOURCE.STREAM; all when left out.")


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="sources")


@group.command("list")
def list_sources(as_json: Annotated[bool, _JSON] = False) -> None:
    """Show the sources that are declared, and how far each stream is.

    Example: bodega sources list
    """
    from bodega.apps.sources import listed
    from bodega.backbone.settings import load_settings

    found = listed(load_settings())
    if as_json:
        typer.echo(json.dumps([one.model_dump(mode="json") for one in found], indent=2))
        return
    if not found:
        typer.echo("No sources are declared: write a sources.yml (docs/sources.md shows how).")
        return
    _print(_listed_table(found))


@group.command("check")
def check(
    which: Annotated[str | None, _WHICH] = None, as_json: Annotated[bool, _JSON] = False
) -> None:
    """Try every source: can it be reached, and what was made out of it? Nothing is written.

    Example: bodega sources check suppliers
    """
    from bodega.apps.sources import checked
    from bodega.backbone.settings import load_settings

    findings = checked(load_settings(), which)
    if as_json:
        rows = [{"what": f.what, "ok": f.ok, "says": f.says} for f in findings]
        typer.echo(json.dumps(rows, indent=2))
    else:
        for finding in findings:
            sign, colour = ("ok  ", "green") if finding.ok else ("fail", "red")
            typer.echo(f"{typer.style(sign, fg=colour)}  {finding.what}: {finding.says}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


@group.command("discover")
def discover(
    which: Annotated[str, typer.Argument(help="SOURCE or SOURCE.STREAM.")],
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Show the streams of a source with their fields, as declared and as found.

    Example: bodega sources discover suppliers
    """
    from bodega.apps.sources import discovered
    from bodega.backbone.settings import load_settings

    streams = discovered(load_settings(), which)
    if as_json:
        typer.echo(json.dumps([stream.model_dump(mode="json") for stream in streams], indent=2))
        return
    for stream in streams:
        typer.echo(f"{stream.name}  key: {', '.join(stream.key) or 'none'}")
        for note in stream.notes:
            typer.echo(f"  ({note})")
        for column in stream.columns:
            required = " required" if column.required else ""
            typer.echo(f"  {column.name}: {column.type}{required}")


@group.command("read")
def read(
    which: Annotated[str | None, _WHICH] = None,
    full: Annotated[
        bool, typer.Option("--full", help="From the beginning, not from where it stopped.")
    ] = False,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Read what is new into bronze; the same data again adds nothing.

    Example: bodega sources read suppliers.prices
    """
    from bodega.apps.sources import read_all

    with _bars(shown=not as_json) as progress:
        reports = read_all(_settings(), which, full=full, progress=progress)
    if as_json:
        typer.echo(json.dumps([report.model_dump(mode="json") for report in reports], indent=2))
    else:
        for report in reports:
            _print_report(report)
    if any(report.error for report in reports):
        raise typer.Exit(1)


@group.command("show")
def show(
    which: Annotated[str, typer.Argument(help="SOURCE.STREAM.")],
    rejected: Annotated[
        bool, typer.Option("--rejected", help="Rows that were set aside, and why.")
    ] = False,
    as_of: Annotated[
        str | None, typer.Option(help="As it was known then, as 2026-11-20T12:00:00Z.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Rows at most.")] = 20,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Show what a stream holds now: the newest row of each key.

    Example: bodega sources show suppliers.prices --limit 5
    """
    from bodega.apps.sources import rows_of
    from bodega.backbone.settings import load_settings

    columns, rows = rows_of(
        load_settings(), which, rejected=rejected, as_of=_instant(as_of), limit=limit
    )
    if as_json:
        records = [dict(zip(columns, row, strict=True)) for row in rows]
        typer.echo(json.dumps(records, default=str, indent=1))
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(Text("" if value is None else str(value)) for value in row))
    _print(table)


@group.command("schedule")
def schedule(
    run_due: Annotated[
        bool, typer.Option("--run-due", help="Read what is due now; for a cron of your own.")
    ] = False,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Show which sources are read by themselves, when next, and how the last time went.

    A running shop reads them (`bodega up`); times are UTC.

    Example: bodega sources schedule
    """
    from datetime import UTC, datetime

    from bodega.apps.reading import planned, read_due

    settings = _settings()
    if run_due:
        for name in read_due(settings, now=datetime.now(UTC)):
            typer.echo(f"read {name}", err=True)
    plans = planned(settings, now=datetime.now(UTC))
    if as_json:
        typer.echo(json.dumps([plan.model_dump(mode="json") for plan in plans], indent=2))
        return
    if not plans:
        typer.echo("No source has a `schedule`.")
        return
    from rich.table import Table

    table = Table("source", "schedule", "next", "last", "", box=None)
    for plan in plans:
        last = plan.last
        when = "due" if plan.due else plan.next.isoformat(" ", "minutes")
        started = last.started.isoformat(" ", "seconds") if last else "never"
        table.add_row(plan.source, plan.schedule, when, started, last.said if last else "")
    _print(table)


@group.command("map")
def map_streams(
    name: Annotated[str, typer.Argument(help="A mapping of sources.yml.")],
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Build the silver table of a mapping from what its streams hold now.

    Reading one of its streams does this by itself.

    Example: bodega sources map companies
    """
    from bodega.apps.sources import mapped

    done = mapped(_settings(), name)
    if as_json:
        typer.echo(done.model_dump_json(indent=2))
    else:
        typer.echo(f"silver/{done.name}: {done.rows:,} rows, {done.conflicts:,} conflicts")


def _settings() -> "Settings":
    """Of the running shop where there is one: rates are written to it."""
    from bodega.apps.supervise.environment import connected_settings
    from bodega.apps.supervise.errors import NotRunning
    from bodega.backbone.settings import load_settings

    try:
        return connected_settings()
    except NotRunning:
        return load_settings()


def _instant(text: str | None) -> "datetime | None":
    from datetime import UTC, datetime

    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter("an instant is written as 2026-11-20T12:00:00Z") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


@contextmanager
def _bars(*, shown: bool) -> Iterator[Callable[[str, int, int, int], None]]:
    """A bar a stream, on standard error, so that output can be piped."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TimeElapsedColumn(),
    )
    bars: dict[str, TaskID] = {}
    with Progress(*columns, console=console, disable=not (shown and console.is_terminal)) as bar:

        def update(name: str, rows: int, done: int, total: int) -> None:
            if name not in bars:
                bars[name] = bar.add_task(name, total=total or None, rows=rows)
            bar.update(bars[name], completed=done, total=total or None, rows=rows)

        yield update


def _print_report(report: "LoadReport") -> None:
    name = f"{report.source}.{report.stream}"
    typer.echo(
        f"{name}: {report.rows:,} rows read, {report.kept:,} kept, {report.unchanged:,} unchanged,"
        f" {report.set_aside:,} set aside, {report.deleted:,} gone ({report.seconds:.1f} s)"
    )
    for reason, count in report.rejected.most_common(10):
        typer.echo(f"  set aside {count:,}: {reason}")
    for field, count in report.values_dropped.items():
        typer.echo(f"  {count:,} values of {field} did not fit")
    if report.columns_added and report.commits:
        typer.echo(f"  new columns: {', '.join(report.columns_added)}")
    if report.columns_missing:
        typer.echo(f"  columns that did not come: {', '.join(report.columns_missing)}")
    for note in report.notes:
        typer.echo(f"  {note}")
    if report.error:
        typer.echo(f"  stopped: {report.error}", err=True)


def _listed_table(found: "list[Listed]") -> "Table":
    from rich.table import Table

    table = Table("source", "kind", "stream", "key", "rows", "last read", "schedule", box=None)
    for one in found:
        table.add_row(
            one.source,
            one.kind,
            one.stream,
            ", ".join(one.key),
            f"{one.rows:,}",
            one.last_read.isoformat(" ", "seconds") if one.last_read else "never",
            one.schedule or "",
        )
    return table


def _print(table: "Table") -> None:
    from rich.console import Console

    Console(highlight=False, soft_wrap=True).print(table)


if TYPE_CHECKING:
    from datetime import datetime

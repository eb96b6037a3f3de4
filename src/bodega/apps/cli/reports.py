"""`bodega reports …`: metrics of a period, sent by schedule, or shown and sent by hand."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from bodega.apps.cli.tables import print_table

group = typer.Typer(no_args_is_help=True, help="Reports of metrics, declared in reports.yml.")
Which = Annotated[str, typer.Argument(help="The report.")]


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="reports")


@group.command("list")
def list_reports(
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Name every report, who gets it, when it was sent and when it is next.

    Example: bodega reports list
    """
    from bodega.apps.reports import planned
    from bodega.backbone.settings import load_settings
    from bodega.kernel.clock import SystemClock

    found = planned(load_settings(), now=SystemClock().now())
    if as_json:
        typer.echo(json.dumps([one.model_dump(mode="json") for one in found], indent=2))
        return
    if not found:
        typer.echo("No report is declared: write a reports.yml, see docs/reports.md.")
        return
    rows = [
        (
            one.name,
            one.period,
            one.schedule or "by hand",
            one.sent_at.isoformat(" ", "minutes") if one.sent_at else "never",
            one.next.isoformat(" ", "minutes") if one.next else "",
            ", ".join(one.to),
        )
        for one in found
    ]
    print_table(["report", "period", "schedule", "sent", "next", "to"], rows)


@group.command()
def show(
    name: Which,
    form: Annotated[
        Literal["text", "html", "csv"], typer.Option("--format", help="How it is written.")
    ] = "text",
    into: Annotated[
        Path | None, typer.Option("--into", help="A folder to write its files to instead.")
    ] = None,
) -> None:
    """Write a report of its period as it is now; nothing is sent.

    Example: bodega reports show week --format csv --into /tmp/week
    """
    from bodega.apps.reports import written
    from bodega.backbone.settings import load_settings
    from bodega.insight.reports.shapes import as_csv, as_page, as_text
    from bodega.kernel.clock import SystemClock

    found = written(load_settings(), name, now=SystemClock().now())
    if form == "csv":
        tables = enumerate(found.tables, start=1)
        pieces = {f"{name}-{nth}.csv": as_csv(table) for nth, table in tables}
    else:
        pieces = {f"{name}.{form}": as_page(found) if form == "html" else as_text(found)}
    if into is None:
        typer.echo("\n".join(pieces.values()), nl=False)
        return
    into.mkdir(parents=True, exist_ok=True)
    for file, content in pieces.items():
        (into / file).write_text(content, encoding="utf-8", newline="")
        typer.echo(str(into / file))


@group.command()
def send(name: Which) -> None:
    """Send a report now, to whoever gets it; its schedule goes on as it was.

    Example: bodega reports send week
    """
    from bodega.apps.reports import planned
    from bodega.apps.reports import send as sent
    from bodega.backbone.settings import load_settings
    from bodega.kernel.clock import SystemClock

    settings, now = load_settings(), SystemClock().now()
    sent(settings, name, now=now)
    (one,) = (one for one in planned(settings, now=now) if one.name == name)
    typer.echo(f"Sent to {', '.join(one.to)}.")

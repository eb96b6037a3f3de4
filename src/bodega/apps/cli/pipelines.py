"""`bodega pipelines …`: what ran, how it went, what it said; Dagster's pages over it."""

import json
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from bodega.apps.cli.tables import print_table

if TYPE_CHECKING:
    from pathlib import Path

    from bodega.backbone.settings import Settings
    from bodega.contracts.pipelines import RunDetail, RunKind

group = typer.Typer(no_args_is_help=True, help="What the pipelines did, step by step.")
_JSON = typer.Option("--json", help="For scripts.")
_WHICH = typer.Argument(help="A run's id, or the end of it; the newest when left out.")


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="pipelines")


@group.command("runs")
def list_runs(
    kind: Annotated[
        str | None, typer.Option(help="refresh, backfill, source, training or care.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Runs at most.")] = 20,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Show the newest runs, whoever asked for them: the loop, Dagster, a schedule or a command.

    Example: bodega pipelines runs --kind source
    """
    from bodega.contracts.pipelines import RunKind
    from bodega.data.operations.runs import runs

    if kind is not None and kind not in get_args(RunKind):
        raise typer.BadParameter(f"choose one of {', '.join(get_args(RunKind))}")
    found = runs(_work(), kind=cast("RunKind | None", kind), limit=limit)
    if as_json:
        typer.echo(json.dumps([run.model_dump(mode="json") for run in found], indent=2))
        return
    if not found:
        typer.echo("Nothing has run yet.")
        return
    rows = [
        (
            run.id[-8:],
            run.started_at.isoformat(" ", "seconds"),
            run.kind,
            run.name,
            run.trigger,
            run.state,
            f"{run.seconds:.2f}" if run.seconds is not None else "",
            f"{run.rows:,}" if run.rows is not None else "",
            run.failing_step or _first_line(run.detail),
        )
        for run in found
    ]
    columns = ["run", "started", "kind", "what", "by", "state", "seconds", "rows", "trouble"]
    print_table(columns, rows)


@group.command("show")
def show(which: Annotated[str, _WHICH] = "", as_json: Annotated[bool, _JSON] = False) -> None:
    """Show a run with its steps: seconds, rows, bytes, and which one failed.

    Example: bodega pipelines show 4f2a91bc
    """
    run = _run(which)
    if as_json:
        typer.echo(run.model_dump_json(indent=2))
        return
    typer.echo(f"{run.kind} {run.name} by {run.trigger}: {run.state}")
    typer.echo(f"started {run.started_at.isoformat(' ', 'seconds')}, {run.seconds or 0:.2f} s")
    if run.detail:
        typer.echo(run.detail)
    rows = [
        (
            step.name,
            step.kind,
            step.state,
            "" if step.seconds is None else f"{step.seconds:.3f}",
            "" if step.rows is None else f"{step.rows:,}",
            "" if step.bytes is None else f"{step.bytes:,}",
            _first_line(step.detail),
        )
        for step in run.steps
    ]
    print_table(["step", "kind", "state", "seconds", "rows", "bytes", "detail"], rows)


@group.command("logs")
def logs(
    which: Annotated[str, _WHICH] = "",
    step: Annotated[str | None, typer.Option(help="Of this step only.")] = None,
) -> None:
    """Show what the steps of a run said; of what failed, the SQL as well.

    Example: bodega pipelines logs 4f2a91bc --step fct_orders
    """
    for line in _run(which).logs:
        if step is None or line.step == step:
            at = line.at.isoformat(" ", "milliseconds")
            typer.echo(f"{at} {line.level:7} {line.step or '-'}: {line.text}")


def _run(which: str) -> "RunDetail":
    from bodega.data.operations.runs import run_of
    from bodega.kernel.errors import NotFound

    found = run_of(_work(), which)
    if found is None:
        raise NotFound(
            f"There is no run {which!r}: see `bodega pipelines runs`."
            if which
            else "Nothing has run yet."
        )
    return found


def _work() -> "Path":
    from bodega.backbone.settings import load_settings
    from bodega.data.lake.storage import LakeRoot

    return LakeRoot.of(load_settings()).work


def _first_line(text: str) -> str:
    line = text.partition("\n")[0]
    return line if len(line) <= 100 else f"{line[:99]}…"


@group.command("ui")
def ui(
    port: Annotated[int | None, typer.Option(help="Instead of BODEGA_PIPELINES_UI_PORT.")] = None,
    prepare: Annotated[bool, typer.Option("--prepare", help="Only fetch what it needs.")] = False,
) -> None:
    """Open Dagster's pages over the same assets: the graph, partitions, backfills, runs.

    The first time, its web server is fetched into an environment of its own.

    Example: bodega pipelines ui --port 3070
    """
    from bodega.apps.orchestration.ui import prepare_ui, serve

    settings = _connected()
    if prepare:
        typer.echo(prepare_ui(settings, typer.echo))
        return
    raise typer.Exit(serve(settings, port=port or settings.pipelines_ui_port, tell=typer.echo))


def _connected() -> "Settings":
    """Of the running shop where there is one: sources feed its rates."""
    from bodega.apps.supervise.environment import connected_settings
    from bodega.apps.supervise.errors import NotRunning
    from bodega.backbone.settings import load_settings

    try:
        return connected_settings()
    except NotRunning:
        return load_settings()

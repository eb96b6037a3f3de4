"""`bodega query` and `bodega lake …`: the warehouse from the command line."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bodega.apps.cli import access, lake_care, lake_keys, lineage, persons
from bodega.apps.cli.lake_care import lake_root
from bodega.apps.cli.tables import print_table

if TYPE_CHECKING:
    from bodega.data.lake.query import QueryResult
    from bodega.data.pipelines.days import Days
    from bodega.data.pipelines.owner import BuildAnswer
    from bodega.data.pipelines.reconcile import Line
    from bodega.data.pipelines.refresh import Outcome

FORMATS = ("table", "json", "csv")


def register(app: typer.Typer) -> None:
    app.command()(query)
    lake = typer.Typer(no_args_is_help=True, help="Build, inspect and reconcile the warehouse.")
    lake.command()(build)
    lake.command()(backfill)
    lake.command()(status)
    lake.command()(reconcile)
    lake_care.register(lake)
    persons.register(lake)
    lake_keys.register(lake)
    lineage.register_lake(lake)
    access.register(lake)
    app.add_typer(lake, name="lake")


def query(
    sql: Annotated[str, typer.Argument(help="One SELECT over gold.<table>.")],
    output: Annotated[str, typer.Option("--format", "-f", help="table, json or csv.")] = "table",
    limit: Annotated[int, typer.Option(min=1, help="Rows at most.")] = 10_000,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds at most.")] = 30.0,
    purpose: Annotated[str, typer.Option(help="What for; kept beside who asked and when.")] = "",
) -> None:
    """Ask the published warehouse in SQL; read-only, and written down (`bodega lake audit`).

    Example: bodega query "select date, net_amount from gold.mart_daily_sales order by date"
    """
    if output not in FORMATS:
        raise typer.BadParameter(f"choose one of {', '.join(FORMATS)}", param_hint="--format")
    from bodega.data.lake import query as lake_query

    result = lake_query.query(
        lake_root(), sql, limit=limit, timeout_seconds=timeout, purpose=purpose
    )
    {"table": _print_table, "json": _print_json, "csv": _print_csv}[output](result)
    if result.truncated:
        typer.echo(f"Only the first {limit} rows are shown: raise --limit for more.", err=True)


def build(
    full: Annotated[
        bool, typer.Option("--full", help="Rebuild everything from the first change on.")
    ] = False,
) -> None:
    """Bring gold up to date with bronze, check it and publish it.

    Asks the running pipelines if there are any, else does it here.

    Example: bodega lake build --full
    """
    from bodega.apps.building import build_once
    from bodega.backbone.settings import load_settings
    from bodega.data.pipelines.owner import BuildRequest

    _tell(build_once(load_settings(), BuildRequest(full=full)))


def backfill(
    first: Annotated[str, typer.Option("--from", help="First day, as 2026-02-03 (UTC).")],
    last: Annotated[
        str | None, typer.Option("--to", help="Last day; the first one's if left out.")
    ] = None,
    table: Annotated[
        list[str] | None,
        typer.Option("--table", help="A gold table with days; all of them if left out."),
    ] = None,
    chunk: Annotated[int, typer.Option(min=1, help="Days built and published at a time.")] = 31,
) -> None:
    """Build what happened on some days anew from bronze, check it and publish it.

    Other days are left as they are. It may be stopped at any moment, even by kill -9: what was
    begun is finished by the running pipelines, or by the next build.

    Example: bodega lake backfill --from 2026-02-01 --to 2026-02-28 --table fct_orders
    """
    from bodega.apps.building import build_once
    from bodega.backbone.settings import load_settings
    from bodega.data.pipelines.owner import BuildRequest

    settings = load_settings()
    for days in _days(first, last or first, table or []).chunks(chunk):
        typer.echo(f"{days}: ", nl=False)
        _tell(build_once(settings, BuildRequest(days=days)))


def _days(first: str, last: str, tables: list[str]) -> "Days":
    from datetime import date

    from bodega.data.pipelines.days import Days

    try:
        from_, to = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError as error:
        raise typer.BadParameter("a day is written as 2026-02-03") from error
    return Days(first=from_, last=to, tables=tuple(tables))


def _tell(answer: "BuildAnswer") -> None:
    if answer.outcome is None:
        typer.echo(f"The build failed: {answer.error}", err=True)
        raise typer.Exit(1)
    _print_outcome(answer.outcome)
    if answer.outcome.state == "blocked":
        raise typer.Exit(1)


def status(
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Show what is published, how old it is and how the last refreshes went.

    Example: bodega lake status --json
    """
    from bodega.data.lake.published import read_published
    from bodega.data.pipelines.owner import is_owned
    from bodega.data.pipelines.status import read_status

    lake = lake_root()
    published, runs, running = read_published(lake), read_status(lake.work), is_owned(lake.work)
    if as_json:
        tables = {
            name: table.model_dump(mode="json", include={"version", "rows", "updated_at"})
            for name, table in published.tables.items()
        }
        said = published.model_dump(mode="json", exclude={"tables"}) | {"tables": tables}
        said |= {"running": running, **runs.model_dump(mode="json", exclude={"pid"})}
        typer.echo(json.dumps(said, indent=2))
        return
    rows = [
        (name, table.version, table.rows, table.updated_at.isoformat(" ", "seconds"))
        for name, table in sorted(published.tables.items())
    ]
    print_table(["table", "version", "rows", "updated at"], rows)
    typer.echo(f"known at    {published.known_at or '-'}")
    typer.echo(f"checked at  {runs.checked_at or '-'}")
    typer.echo(f"pipelines   {'running' if running else 'not running'}")
    if runs.runs:
        _print_outcome(runs.runs[0])


def reconcile(
    postgres: Annotated[
        bool, typer.Option("--postgres", help="Also against the shop's database as it is now.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Compare gold with its source, to the row and the cent. Exit code 1 when they differ.

    Example: bodega lake reconcile --postgres
    """
    from bodega.data.pipelines.reconcile import reconcile as compare

    lines = compare(lake_root(), dsn=_dsn() if postgres else None)
    if as_json:
        typer.echo(
            json.dumps([line.__dict__ | {"agrees": line.agrees} for line in lines], indent=2)
        )
    else:
        _print_lines(lines)
    if not all(line.agrees for line in lines):
        raise typer.Exit(1)


def _dsn() -> str:
    from bodega.apps.supervise.environment import connected_settings

    return connected_settings().dsn


def _print_outcome(outcome: "Outcome") -> None:
    if outcome.state == "nothing":
        typer.echo("Nothing new in bronze: gold is up to date.")
    elif outcome.state == "published":
        what = ", ".join(sorted(outcome.written)) or "no table changed"
        typer.echo(f"Published in {outcome.seconds:.1f} s: {what}.")
    else:
        typer.echo("Not published; readers keep the last good numbers:", err=True)
        for failure in outcome.failures:
            typer.echo(f"  {failure}", err=True)


def _print_lines(lines: "list[Line]") -> None:
    rows = [
        (
            line.against,
            line.measure,
            line.label,
            line.source,
            line.gold,
            "=" if line.agrees else "≠",
        )
        for line in lines
    ]
    print_table(["against", "measure", "of", "source", "gold", ""], rows)


def _print_table(result: "QueryResult") -> None:
    print_table(result.columns, result.rows)


def _print_json(result: "QueryResult") -> None:
    rows = [dict(zip(result.columns, row, strict=True)) for row in result.rows]
    typer.echo(json.dumps(rows, default=_plain, indent=1))


def _print_csv(result: "QueryResult") -> None:
    import csv
    import sys

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(result.columns)
    writer.writerows([_plain(value) for value in row] for row in result.rows)


def _plain(value: Any) -> Any:
    """Times as RFC 3339 in UTC; anything else JSON does not know as its text."""
    from datetime import datetime

    from bodega.kernel.clock import rfc3339

    if isinstance(value, datetime) and value.tzinfo is not None:
        return rfc3339(value)
    return value if isinstance(value, (int, float)) or value is None else str(value)

"""`bodega lake audit`: who read which table of the lake, and when."""

import json
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Protocol, TypeVar

import typer

from bodega.apps.cli.lake_care import lake_root
from bodega.apps.cli.tables import print_table

T_co = TypeVar("T_co", covariant=True)
AWAY = "The lake is away ({}): this is what this machine has recorded, without the others."


class Ask(Protocol[T_co]):
    def __call__(self, *, here: bool = False) -> T_co: ...


def told(ask: Ask[T_co]) -> tuple[T_co, str]:
    """What all machines have recorded, or this one alone and why."""
    from bodega.data.lake.errors import LakeUnavailable

    try:
        return ask(), ""
    except LakeUnavailable as error:
        return ask(here=True), AWAY.format(error.detail)


def register(lake: typer.Typer) -> None:
    lake.command()(audit)


def audit(
    *,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="UTC.")
    ] = None,
    who: Annotated[str | None, typer.Option(help="Part of a name, such as staff: or os:.")] = None,
    table: Annotated[str | None, typer.Option(help="Part of a table's name.")] = None,
    personal: Annotated[
        bool, typer.Option("--personal", help="Only reads of personal columns.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Whether any line was changed. Exit code 1: yes.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="Lines at most.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Show who read which table of the lake, through which door and what for; the newest first.

    Example: bodega lake audit --personal --since 2026-11-01
    """
    from bodega.data.lake.access import AccessLog

    log = AccessLog(lake_root())
    log.share(now=True)
    if check:
        broken, missing = told(log.check)
        for line in broken:
            where = f"{line.machine} {line.day}".strip()
            typer.echo(f"{where}, line {line.line}: {line.reason}")
        typer.echo(missing, err=True, nl=bool(missing))
        typer.echo("The record is whole." if not broken else "The record was changed.")
        raise typer.Exit(1 if broken else 0)
    instant = since.replace(tzinfo=UTC) if since else None
    found, missing = told(
        partial(log.reads, since=instant, who=who, table=table, personal=personal, limit=limit)
    )
    typer.echo(missing, err=True, nl=bool(missing))
    if as_json:
        typer.echo(json.dumps([one.model_dump(mode="json") for one in found], indent=1))
        return
    rows = [
        (
            one.at.strftime("%Y-%m-%d %H:%M:%S"),
            one.who,
            one.via,
            ", ".join(one.tables),
            ", ".join(one.personal),
            one.rows,
            one.times,
            one.purpose,
            one.machine or "this one",
        )
        for one in found
    ]
    print_table(
        ["at", "who", "via", "tables", "personal", "rows", "times", "purpose", "machine"], rows
    )

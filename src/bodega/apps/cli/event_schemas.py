"""`bodega events list|show|schema|check`: which events there are, and how they may change."""

import json
from typing import Annotated, Any

import typer

Type = Annotated[str, typer.Argument(metavar="TYPE", help="As orders.order_placed.")]
Json = Annotated[bool, typer.Option("--json", help="For scripts.")]


def add_to(group: typer.Typer) -> None:
    for name, command in (("list", list_), ("show", show), ("schema", schema), ("check", check)):
        group.command(name)(command)


def list_(as_json: Json = False) -> None:
    """List every event the shop tells of; docs/events.md describes them.

    Example: bodega events list
    """
    from bodega.ops.events.catalogue import event_kinds
    from bodega.ops.events.kept import read_kept
    from bodega.ops.events.page import key_of

    kept = read_kept()
    rows = [
        {
            "type": type_,
            "version": kind.version,
            "revisions": len(kept.get(type_, {}).get(kind.version, ())),
            "key": key_of(kind),
        }
        for type_, kind in event_kinds().items()
    ]
    _say(rows, as_json=as_json)


def show(type_: Type, as_json: Json = False) -> None:
    """Show one event: its fields, and who reacts to it.

    Example: bodega events show orders.order_placed
    """
    from bodega.apps.worker import handlers
    from bodega.ops.events.catalogue import event_kind
    from bodega.ops.events.page import fields, key_of, meaning

    kind = event_kind(type_)
    found: dict[str, Any] = {
        "type": type_,
        "version": kind.version,
        "key": key_of(kind),
        "meaning": meaning(kind),
        "handlers": [handler.name for handler in handlers() if kind in handler.events],
        "fields": [dict(zip(("field", "type", "more"), row, strict=True)) for row in fields(kind)],
    }
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    typer.echo(f"{type_}, version {kind.version}, key {found['key']}. {found['meaning']}")
    typer.echo(f"Handled by {', '.join(found['handlers']) or 'nobody'}.")
    _say(found["fields"], as_json=False)


def schema(
    type_: Type,
    version: Annotated[int, typer.Option(help="Of an older version; 0: today's.")] = 0,
) -> None:
    """Print the Avro schema of an event's message, envelope and payload.

    Example: bodega events schema orders.order_placed
    """
    from bodega.ops.events.catalogue import event_kind
    from bodega.ops.events.kept import kept_schema

    kind = event_kind(type_)
    typer.echo(json.dumps(kept_schema(type_, version or kind.version), indent=2))


def check(as_json: Json = False) -> None:
    """Check that old and new code can read each other's events. Exit code 1: not all can.

    Example: bodega events check
    """
    from dataclasses import asdict

    from bodega.ops.events.catalogue import event_kinds
    from bodega.ops.events.check import complaints
    from bodega.ops.events.kept import read_kept

    kinds = event_kinds()
    found = [asdict(complaint) for complaint in complaints(kinds, read_kept())]
    if found or as_json:
        _say(found, as_json=as_json)
    else:
        typer.echo(f"{len(kinds)} events: each can be read by old and new code.")
    raise typer.Exit(1 if found else 0)


def _say(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(*(rows[0] if rows else ()), box=None)
    for row in rows:
        table.add_row(*(escape(str(value)) for value in row.values()))
    Console(highlight=False, soft_wrap=True).print(table)

"""`bodega events`: what is in the log, how far everyone has read, and what is stuck."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from uuid import UUID

import typer

from bodega.apps.cli import event_messages, event_schemas
from bodega.apps.cli.connected import connected

if TYPE_CHECKING:
    from rich.table import Table

    from bodega.backbone.db import Database
    from bodega.backbone.events.log import LoggedEvent

OPERATOR = "operator"
T = TypeVar("T")
_FOLLOW_SECONDS = 0.5

Json = Annotated[bool, typer.Option("--json", help="For scripts.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="How many.")]
Consumer = Annotated[str | None, typer.Option(help="Only this consumer's: see `events lag`.")]
Why = Annotated[str, typer.Option(help="Kept with the decision, for whoever asks later.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="The event log, its consumers, stuck events.")
    for command in (tail, lag, dead, replay, drop, decisions):
        group.command()(command)
    event_schemas.add_to(group)
    event_messages.add_to(group)
    app.add_typer(group, name="events")


def tail(
    type_: Annotated[
        str | None, typer.Option("--type", help="Only this type, as orders.order_placed.")
    ] = None,
    limit: Limit = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for more.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show the newest events of the log, oldest first.

    Example: bodega events tail --type orders.order_placed -f
    """
    _run(lambda database: _tail(database, type_, limit, follow, _json if as_json else _line))


def lag(as_json: Json = False) -> None:
    """Show how many events each consumer has still to look at, and how many are stuck. With Kafka,
    `kafka.events` are events on their way out, and `kafka:TOPIC` those to come in; dead ones there
    are set aside: `bodega events quarantine`.

    Example: bodega events lag
    """
    from dataclasses import asdict

    from bodega.backbone.events.log import consumer_lag
    from bodega.backbone.kafka.intake import topic_lag

    async def read(database: "Database") -> list[dict[str, Any]]:
        async with database.reading() as connection:
            own = await consumer_lag(connection)
            return [asdict(row) for row in [*own, *await topic_lag(connection)]]

    rows = _run(read)
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    else:
        _print(_table(["consumer", "lag", "parked", "dead"], rows))


def dead(consumer: Consumer = None, limit: Limit = 100, as_json: Json = False) -> None:
    """List events that handlers failed on: *retrying* by themselves, *dead* until you replay or
    drop them, or *waiting* behind an earlier one of their key.

    Example: bodega events dead --consumer notifications.confirm_order
    """
    from bodega.backbone.events import parked

    async def read(database: "Database") -> list[parked.ParkedEvent]:
        async with database.reading() as connection:
            return await parked.list_parked(connection, consumer=consumer, limit=limit)

    rows = [
        {
            "consumer": row.consumer,
            "state": row.state,
            "event_id": str(row.event.envelope.event_id),
            "type": row.event.envelope.type,
            "key": str(row.event.envelope.key),
            "attempts": row.attempts,
            "error": row.error or "",
        }
        for row in _run(read)
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    elif rows:
        _print(_table(list(rows[0]), rows))
    else:
        typer.echo("Nothing is stuck.")


def replay(
    consumer: Consumer = None,
    key: Annotated[UUID | None, typer.Option(help="Only events of this aggregate.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Whatever is stuck anywhere.")] = False,
    why: Why = "",
) -> None:
    """Try stuck events again now, in order per key; the worker does it within a second.

    Example: bodega events replay --consumer notifications.confirm_order
    """
    from bodega.backbone.events.stuck import StuckEvents

    if consumer is None and key is None and not everything:
        raise typer.BadParameter("Say which: --consumer, --key or --all.")

    async def write(database: "Database") -> int:
        return await StuckEvents(database).replay(
            actor=OPERATOR, why=why, consumer=consumer, key=key
        )

    typer.echo(f"{_run(write)} to be tried again; those behind them follow.")


def drop(
    consumer: Annotated[str, typer.Argument(help="As `bodega events dead` names it.")],
    event_id: Annotated[UUID, typer.Argument(help="The event this consumer shall never handle.")],
    why: Why = "",
) -> None:
    """Give up one stuck event for one consumer, for good; the next of its key goes on.

    Example: bodega events drop orders.paid 0199a1b2-7f00-7000-8000-000000000001
    """
    from bodega.backbone.events.stuck import StuckEvents, StuckUnknown

    async def write(database: "Database") -> bool:
        try:
            await StuckEvents(database).drop(
                actor=OPERATOR, why=why, consumer=consumer, event_id=event_id
            )
        except StuckUnknown:
            return False
        return True

    if not _run(write):
        typer.echo(f"{consumer} has no stuck event {event_id}: see `bodega events dead`.", err=True)
        raise typer.Exit(1)
    typer.echo("Dropped.")


def decisions(limit: Limit = 20, as_json: Json = False) -> None:
    """List who had stuck events tried again or given up, and why, newest first.

    Example: bodega events decisions
    """
    from dataclasses import asdict

    from bodega.backbone.events.stuck import Decision, StuckEvents

    async def read(database: "Database") -> list[Decision]:
        return list(await StuckEvents(database).decisions(limit=limit))

    rows = [asdict(one) | {"at": f"{one.decided_at:%Y-%m-%d %H:%M:%S}"} for one in _run(read)]
    if as_json:
        typer.echo(json.dumps(rows, indent=2, default=str))
    elif rows:
        _print(_table(["at", "actor", "action", "consumer", "type", "event_id", "why"], rows))
    else:
        typer.echo("Nobody has decided anything.")


async def _tail(
    database: "Database",
    type_: str | None,
    limit: int,
    follow: bool,
    shown: "Callable[[LoggedEvent], str]",
) -> None:
    from bodega.backbone.events.log import read_newest, read_tail

    async with database.reading() as connection:
        events = await read_newest(connection, limit=limit, event_type=type_)
        reached = 0
        while True:
            for event in events:
                reached = event.offset
                typer.echo(shown(event))
            if not follow:
                return
            await asyncio.sleep(_FOLLOW_SECONDS)
            events = await read_tail(connection, after=reached, limit=1000, event_type=type_)


def _line(event: "LoggedEvent") -> str:
    envelope = event.envelope
    at = envelope.occurred_at.strftime("%Y-%m-%d %H:%M:%S")
    return f"{event.offset:>8}  {at}  {envelope.type:<28}  {envelope.key}  {envelope.actor}"


def _json(event: "LoggedEvent") -> str:
    place = {"offset": event.offset, "partition": event.partition}
    return json.dumps(place | event.envelope.model_dump(mode="json"))


def _table(columns: list[str], rows: list[dict[str, Any]]) -> "Table":
    from rich.markup import escape
    from rich.table import Table

    table = Table(*columns, box=None)
    for row in rows:
        table.add_row(*(escape(str(row[column])) for column in columns))
    return table


def _print(table: "Table") -> None:
    from rich.console import Console

    Console(highlight=False, soft_wrap=True).print(table)


def _run(work: "Callable[[Database], Coroutine[Any, Any, T]]") -> T:
    async def working() -> T:
        async with connected() as database:
            return await work(database)

    return asyncio.run(working())

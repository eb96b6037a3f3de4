"""`bodega events quarantine|readmit|discard`: messages of Kafka that were no events."""

import asyncio
import json
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from bodega.apps.cli.connected import connected

if TYPE_CHECKING:
    from bodega.backbone.kafka.quarantine import Quarantined

_SHOWN = 60

MessageId = Annotated[UUID | None, typer.Argument(help="As `bodega events quarantine` names it.")]


def add_to(group: typer.Typer) -> None:
    for command in (quarantine, readmit, discard):
        group.command()(command)


def quarantine(
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """List messages of topics that were no events and were set aside, with the reason.

    Example: bodega events quarantine
    """
    rows = [
        {
            "id": str(found.id),
            "place": f"{found.topic}/{found.partition}/{found.offset}",
            "reason": found.reason,
            "value": (found.value or b"").decode("utf-8", "backslashreplace"),
        }
        for found in asyncio.run(_found(None))
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    for row in [] if as_json else rows:
        typer.echo(f"{row['id']}  {row['place']}\n  {row['reason']}\n  {row['value']:.{_SHOWN}}")
    if not rows and not as_json:
        typer.echo("Nothing is set aside.")


def readmit(
    message_id: MessageId = None,
    everything: Annotated[bool, typer.Option("--all", help="Whatever was set aside.")] = False,
) -> None:
    """Read messages that were set aside once more; what is an event now enters the log, behind what
    came meanwhile. Exit code 1: some are still none.

    Example: bodega events readmit --all
    """
    if (message_id is None) is not everything:
        raise typer.BadParameter("Say which: an id, or --all.")
    wrong = asyncio.run(_readmit(message_id))
    for line in wrong:
        typer.echo(line, err=True)
    typer.echo("Some are still no events." if wrong else "Done.")
    raise typer.Exit(1 if wrong else 0)


def discard(
    message_id: Annotated[UUID, typer.Argument(help="As `bodega events quarantine` names it.")],
) -> None:
    """Forget a message that was set aside, for good.

    Example: bodega events discard 0199a1b2-7f00-7000-8000-000000000001
    """
    if not asyncio.run(_discard(message_id)):
        typer.echo(
            f"Nothing is set aside as {message_id}: see `bodega events quarantine`.", err=True
        )
        raise typer.Exit(1)
    typer.echo("Discarded.")


async def _found(message_id: UUID | None) -> "list[Quarantined]":
    from bodega.backbone.kafka.quarantine import quarantined

    async with connected() as database, database.reading() as connection:
        return list(await quarantined(connection, id=message_id, limit=10_000))


async def _readmit(message_id: UUID | None) -> list[str]:
    from bodega.apps.kafka import ends
    from bodega.apps.supervise.environment import connected_settings

    wrong = []
    messages = await _found(message_id)
    if message_id is not None and not messages:
        return [f"Nothing is set aside as {message_id}"]
    async with ends(connected_settings()) as both:
        for message in messages:
            if said := await both.intake.again(message):
                wrong.append(f"{message.id}  {said}")
    return wrong


async def _discard(message_id: UUID) -> bool:
    from bodega.backbone.kafka.quarantine import drop

    async with connected() as database, database.work(actor="operator") as uow:
        return await drop(uow.connection, message_id)

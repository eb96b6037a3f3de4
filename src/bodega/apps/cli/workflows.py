"""`bodega workflows`: durable work of every kind, what holds it up, and how to push or stop it."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from bodega.backbone.workflows import Workflow, Workflows

T = TypeVar("T")

Json = Annotated[bool, typer.Option("--json", help="For scripts.")]
Id = Annotated[str, typer.Argument(help="As `bodega workflows list` names it.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Checkouts, jobs and other durable work.")
    group.command("list")(list_)
    for command in (show, retry, cancel):
        group.command()(command)
    app.add_typer(group, name="workflows")


def list_(
    kind: Annotated[str | None, typer.Option(help="Only this kind, as checkout or job.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Those that have ended too.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000)] = 50,
    as_json: Json = False,
) -> None:
    """List durable work that has still to come to an end, newest first.

    Example: bodega workflows list --kind checkout --all
    """
    found = _run(lambda flows: flows.latest(kind=kind, limit=limit, open_only=not everything))
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], indent=2, default=str))
    elif found:
        _print_all(found)
    else:
        typer.echo("Nothing is under way." if not everything else "Nothing has run yet.")


def show(id_: Id, as_json: Json = False) -> None:
    """Show one piece of durable work: where it stands, what held it up, when it is tried again.

    Example: bodega workflows show 0199a1b2-7f00-7000-8000-000000000001
    """
    _print(_run(lambda flows: flows.show(id_)), as_json)


def retry(id_: Id, as_json: Json = False) -> None:
    """Try it again now instead of when its backoff is over; a failed job is started anew.

    Example: bodega workflows retry 0199a1b2-7f00-7000-8000-000000000001
    """
    _print(_run(lambda flows: flows.retry(id_)), as_json)


def cancel(id_: Id, as_json: Json = False) -> None:
    """Have it undone (a checkout) or stopped (a job).

    Example: bodega workflows cancel 0199a1b2-7f00-7000-8000-000000000001
    """
    _print(_run(lambda flows: flows.cancel(id_)), as_json)


def _print_all(found: "list[Workflow]") -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("id", "kind", "state", "at", "started", "tries", "trouble", box=None)
    for one in found:
        cells = (one.id, one.kind, one.state, one.at, f"{one.started_at:%Y-%m-%d %H:%M:%S}")
        table.add_row(*map(escape, cells), str(one.attempts), escape(one.trouble or ""))
    Console(highlight=False, soft_wrap=True).print(table)


def _print(one: "Workflow", as_json: bool) -> None:
    facts: dict[str, Any] = asdict(one)
    if as_json:
        typer.echo(json.dumps(facts, indent=2, default=str))
        return
    for name, value in {**facts, **facts.pop("facts")}.items():
        if value not in (None, "") and name != "facts":
            typer.echo(f"{name.replace('_', ' '):<12} {value}")


def _run(ask: "Callable[[Workflows], Coroutine[Any, Any, T]]") -> T:
    async def connected() -> T:
        from bodega.apps.compose import compose
        from bodega.apps.supervise.environment import connected_settings
        from bodega.backbone.workflows import Workflows
        from bodega.kernel.errors import Unavailable

        shop = compose(connected_settings())
        try:
            try:
                await shop.context.database.ping()
            except Exception as error:
                raise Unavailable("The database does not answer: see `bodega status`.") from error
            return await ask(shop.context.container.get(Workflows))
        finally:
            await shop.close()

    return asyncio.run(connected())

"""`bodega readmodels`: what handlers keep for readers, and making it anew from the event log."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from bodega.apps.read_models import Standing
    from bodega.backbone.module import Context

T = TypeVar("T")

Json = Annotated[bool, typer.Option("--json", help="For scripts.")]
Name = Annotated[str | None, typer.Argument(help="As `readmodels list` names it; without: all.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Read models kept by handlers of events.")
    group.command("list")(list_)
    group.command()(rebuild)
    app.add_typer(group, name="readmodels")


def list_(as_json: Json = False) -> None:
    """List read models: rows, how many events they are behind, and how many are stuck.

    Example: bodega readmodels list
    """
    from bodega.apps.read_models import standing

    _show(_run(standing), as_json)


def rebuild(name: Name = None, as_json: Json = False) -> None:
    """Empty a read model and make it anew from the event log. Readers see it fill up meanwhile.

    Example: bodega readmodels rebuild customers
    """
    from bodega.apps.read_models import rebuild as made_anew

    _show(_run(lambda context: made_anew(context, name)), as_json)


def _show(found: "list[Standing]", as_json: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], indent=2))
        return
    table = Table("name", "kept by", "rows", "behind", "stuck", box=None)
    for one in found:
        table.add_row(one.name, one.consumer, f"{one.rows:,}", str(one.behind), str(one.stuck))
    Console(highlight=False, soft_wrap=True).print(table)


def _run(work: "Callable[[Context], Coroutine[Any, Any, T]]") -> T:
    async def connected() -> T:
        from bodega.apps.compose import compose
        from bodega.apps.supervise.environment import connected_settings
        from bodega.kernel.errors import Unavailable

        shop = compose(connected_settings())
        try:
            try:
                await shop.context.database.ping()
            except Exception as error:
                raise Unavailable("The database does not answer: see `bodega status`.") from error
            return await work(shop.context)
        finally:
            await shop.close()

    return asyncio.run(connected())

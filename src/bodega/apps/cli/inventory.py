"""`bodega inventory`: whether every level is what its ledger says."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bodega.contracts.warehouse import StockCheck


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="The stock and its books.")
    group.command()(check)
    app.add_typer(group, name="inventory")


def check(
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Recompute every level from the ledger and the open promises; fails when one differs.

    Example: bodega inventory check
    """
    found = asyncio.run(_check())
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
    else:
        _say(found)
    if not found.ok:
        raise typer.Exit(1)


def _say(found: "StockCheck") -> None:
    for item in found.differences:
        typer.echo(
            f"{item.variant_id} at {item.location}:"
            f" on hand {item.on_hand}, by the ledger {item.on_hand_by_ledger};"
            f" promised {item.allocated}, by the ledger {item.allocated_by_ledger},"
            f" by the orders {item.allocated_by_promises}"
        )
    wrong = len(found.differences)
    typer.echo(
        f"{found.levels} levels checked, {wrong or 'none'} differ{'s' if wrong == 1 else ''}."
    )


async def _check() -> "StockCheck":
    from bodega.apps.compose import compose
    from bodega.apps.supervise.environment import connected_settings
    from bodega.contracts.warehouse import Warehouse
    from bodega.kernel.errors import Unavailable

    shop = compose(connected_settings())
    try:
        try:
            await shop.context.database.ping()
        except Exception as error:
            raise Unavailable("The database does not answer: see `bodega status`.") from error
        return await shop.context.container.get(Warehouse).check()
    finally:
        await shop.close()

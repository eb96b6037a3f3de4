"""`bodega seed`: a made-up shop of any size."""

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command()(seed)


def seed(
    orders: Annotated[
        int | None, typer.Option(min=0, help="How many orders (BODEGA_SEED_ORDERS, 3000).")
    ] = None,
    days: Annotated[int, typer.Option(min=1, help="How far back the history goes.")] = 180,
    products: Annotated[int, typer.Option(min=2, help="How many products.")] = 200,
    seed: Annotated[int, typer.Option(help="Another number makes another history.")] = 7,
    lake_lines: Annotated[
        int | None,
        typer.Option(min=1, help="So many order lines into an empty lake, past the shop."),
    ] = None,
) -> None:
    """Make up goods, customers, orders, returns and stock, up to now.

    The same seed again adds only what is missing.

    Example: bodega seed --orders 20000 --days 365
    """
    if lake_lines is not None:
        _seed_lake(lake_lines, days=days, products=products, seed=seed)
        return
    import asyncio

    from bodega.apps.cli.importing import progress_bar
    from bodega.apps.seed import plan_of
    from bodega.apps.seed import seed as carry_out
    from bodega.apps.supervise.environment import connected_settings

    settings = connected_settings()
    plan = plan_of(settings, orders=orders, days=days, products=products, seed=seed)
    with progress_bar(shown=True) as progress:
        seeded = asyncio.run(carry_out(settings, plan, progress))
    typer.echo(f"New: {seeded}.")


def _seed_lake(lines: int, *, days: int, products: int, seed: int) -> None:
    """The same history without a shop: gold is built by `bodega lake build`."""
    from bodega.apps.cli.importing import progress_bar
    from bodega.apps.seed import plan_of
    from bodega.backbone.settings import load_settings
    from bodega.data.ingest.seed.bulk import seed_bronze
    from bodega.data.lake.storage import LakeRoot

    settings = load_settings()
    plan = plan_of(settings, orders=lines, days=days, products=products, seed=seed)
    with progress_bar(shown=True) as progress:
        written = seed_bronze(
            plan,
            LakeRoot.of(settings),
            lines=lines,
            progress=lambda done: progress("order lines", done, lines),
        )
    typer.echo(f"New in the lake: {written:,} order lines. Next: bodega lake build")

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
) -> None:
    """Make up goods, customers, orders, returns and stock, up to now.

    The same seed again adds only what is missing.

    Example: bodega seed --orders 20000 --days 365
    """
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

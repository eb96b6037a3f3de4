"""`bodega fx`: exchange rates."""

from pathlib import Path
from typing import Annotated

import typer

group = typer.Typer(help="Exchange rates, each with its day and source.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="fx")


@group.command("import")
def import_rates(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="A CSV in the ECB's format.")
    ],
    base: Annotated[str, typer.Option(help="The currency one unit of which is priced.")] = "EUR",
    source: Annotated[str, typer.Option(help="Who published the rates.")] = "",
) -> None:
    """Take in a file of exchange rates; a later word on a day replaces the first.

    Files: www.ecb.europa.eu/stats/eurofxref (eurofxref.csv, eurofxref-hist.csv).

    Example: bodega fx import eurofxref-hist.csv
    """
    import asyncio

    from bodega.apps.exchange import import_file
    from bodega.apps.supervise.environment import connected_settings

    done = asyncio.run(import_file(connected_settings(), file, base=base.upper(), source=source))
    days = f"{done.days:,} day{'' if done.days == 1 else 's'}"
    typer.echo(f"{done.read:,} rates of {days} read, {done.changed:,} new or changed.")


@group.command("show")
def show(
    base: Annotated[str, typer.Argument(help="As EUR.")],
    quote: Annotated[str, typer.Argument(help="As GBP.")],
    day: Annotated[
        str | None, typer.Option("--on", help="On or before this day, as 2026-11-20; today.")
    ] = None,
) -> None:
    """Show what one unit of BASE is in QUOTE, since when, and who says so.

    Example: bodega fx show EUR GBP --on 2026-11-20
    """
    import asyncio
    from datetime import UTC, datetime, time

    from bodega.apps.exchange import rate
    from bodega.apps.supervise.environment import connected_settings

    at = None
    if day is not None:
        try:
            at = datetime.combine(datetime.fromisoformat(day), time.max, UTC)
        except ValueError as error:
            raise typer.BadParameter("A day is written as 2026-11-20.") from error
    found = asyncio.run(rate(connected_settings(), base.upper(), quote.upper(), at))
    typer.echo(
        f"1 {found.base} = {found.rate.normalize():f} {found.quote}  ({found.day}, {found.source})"
    )

"""`bodega import`: other systems' files into the shop."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from bodega.backbone.settings import Settings
    from bodega.data.ingest.online_retail.report import ImportReport

_SHOWN = 20


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Load another system's data into the shop.")
    group.command("online-retail")(online_retail)
    app.add_typer(group, name="import")


def online_retail(
    file: Annotated[Path, typer.Argument(help="The UCI Online Retail file: .csv or .csv.gz.")],
    as_json: Annotated[bool, typer.Option("--json", help="The report, for scripts.")] = False,
    report_dir: Annotated[
        Path | None, typer.Option(help="Where report and rejected lines go (imports/ of the data).")
    ] = None,
) -> None:
    """Load products, customers, orders and returns; the same file again adds nothing.

    Every row is accounted for: docs/import-online-retail.md states the rules.

    Example: bodega import online-retail online_retail.csv.gz
    """
    import asyncio

    from bodega.apps.supervise.environment import connected_settings

    settings = connected_settings()
    folder = report_dir or settings.data_dir / "imports"
    with progress_bar(shown=not as_json) as progress:
        report = asyncio.run(_import(settings, file, folder, progress))
    if as_json:
        typer.echo(report.model_dump_json(indent=2))
        return
    from rich.console import Console

    Console(highlight=False).print(report_table(report))


async def _import(
    settings: "Settings", file: Path, folder: Path, progress: Callable[[str, int, int], None]
) -> "ImportReport":
    from bodega.apps.compose import compose
    from bodega.contracts.catalog import Catalog
    from bodega.contracts.identity import Identity
    from bodega.contracts.inventory import Inventory
    from bodega.contracts.orders import Orders
    from bodega.data.ingest.online_retail.load import Targets, import_online_retail

    shop = compose(settings)
    answers = shop.context.container
    targets = Targets(
        identity=answers.get(Identity),
        catalog=answers.get(Catalog),
        orders=answers.get(Orders),
        inventory=answers.get(Inventory),
    )
    try:
        return await import_online_retail(
            file, targets, report_dir=folder, clock=shop.context.clock, progress=progress
        )
    finally:
        await shop.close()


@contextmanager
def progress_bar(*, shown: bool) -> Iterator[Callable[[str, int, int], None]]:
    """A bar a stage, on standard error, so that output can be piped."""
    from rich.console import Console
    from rich.progress import Progress, TaskID

    console = Console(stderr=True)
    bars: dict[str, TaskID] = {}
    with Progress(console=console, disable=not (shown and console.is_terminal)) as progress:

        def update(stage: str, done: int, total: int) -> None:
            if stage not in bars:
                bars[stage] = progress.add_task(stage, total=total)
            progress.update(bars[stage], completed=done, total=total)

        yield update


def report_table(report: "ImportReport") -> "Table":
    from rich.table import Table

    table = Table(title=f"{report.file}: {report.rows:,} rows", box=None, show_header=False)
    table.add_column(min_width=24)
    table.add_column(justify="right")
    for kept, count in report.categories.items():
        table.add_row(kept.replace("_", " "), f"{count:,}")
    for reason, count in list(report.rejected.items())[:_SHOWN]:
        table.add_row(f"rejected: {reason}", f"{count:,}", style="yellow")
    table.add_section()
    for name, count in report.notes.model_dump().items():
        table.add_row(name.replace("_", " "), f"{count:,}", style="dim")
    table.add_section()
    table.add_row("quantity x price", f"{report.file_total:,}")
    table.add_row("loaded", str(report.loaded_total))
    for name, count in report.new.model_dump().items():
        table.add_row(f"new {name.replace('_', ' ')}", f"{count:,}")
    table.add_row("seconds", f"{report.seconds:,}")
    if report.rejects_file:
        table.caption = f"rejected lines: {report.rejects_file}"
    return table

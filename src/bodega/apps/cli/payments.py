"""`bodega payments`: our books beside the provider's, card numbers that must not be, retries."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from bodega.apps.compose import Shop
    from bodega.contracts.books import Reconciliation
    from bodega.ops.pan import Finding

T = TypeVar("T")
Json = Annotated[bool, typer.Option("--json", help="For scripts.")]
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Books, webhooks and card numbers.")
    for command in (reconcile, scan, replay):
        group.command()(command)
    app.add_typer(group, name="payments")


def reconcile(
    since: Annotated[str, typer.Option(help="36h, 7d, 2w, or a day such as 2026-01-31.")] = "7d",
    book_fees: Annotated[
        bool, typer.Option("--book-fees", help="Book fees that the ledger lacks.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Compare our payments and ledger with the provider's list; explain each difference.

    Exit code 0: none, 1: some, or payments of a provider that is not set up here.

    Example: bodega payments reconcile --since 30d
    """
    from bodega.commerce.payments.service.reconcile import reconcile as compared

    async def work(shop: "Shop") -> "Reconciliation":
        now = shop.context.clock.now()
        return await compared(
            shop.context,
            since=_since(since, now),
            until=now,
            fees="book" if book_fees else "report",
        )

    report = _run(work)
    typer.echo(report.model_dump_json(indent=2) if as_json else _told(report))
    raise typer.Exit(1 if report.differences or report.not_compared else 0)


def scan(
    logs: Annotated[Path | None, typer.Option(help="A folder of logs; else the shop's.")] = None,
    as_json: Json = False,
) -> None:
    """Search logs, database (events, webhooks, checkouts and all the rest) and lake for what looks
    like card numbers. Exit code 1: found some.

    Example: bodega payments scan
    """
    from bodega.apps.supervise.environment import connected_settings
    from bodega.ops.pan import scan_lake, scan_logs

    settings = connected_settings()
    found = list(scan_logs(logs or settings.data_dir / "logs"))
    found += _run(_scan_database)
    found += scan_lake(
        settings.data_dir / "lake" if "://" in settings.lake_root else Path(settings.lake_root)
    )
    if as_json:
        typer.echo(json.dumps([{"place": one.place, "number": one.masked} for one in found]))
    else:
        for one in found:
            typer.echo(f"{one.place}  {one.masked}")
        typer.echo(f"{len(found)} numbers look like cards'." if found else "No card numbers.")
    raise typer.Exit(1 if found else 0)


def replay() -> None:
    """Try webhooks again that were given up as `failed`; the worker does it within a second.

    Example: bodega payments replay
    """
    from bodega.commerce.payments.service.webhooks import replay as again

    async def work(shop: "Shop") -> int:
        async with shop.context.database.work(actor="operator") as uow:
            return await again(uow, shop.context.clock.now())

    typer.echo(f"{_run(work)} to be tried again.")


async def _scan_database(shop: "Shop") -> "list[Finding]":
    from bodega.backbone.rows import every_row
    from bodega.ops.pan import Finding, card_numbers

    async with shop.context.database.work(actor="operator") as uow:
        return [
            Finding(table, masked)
            async for table, row in every_row(uow.connection)
            for masked in card_numbers(row)
        ]


def _since(asked: str, now: datetime) -> datetime:
    span = re.fullmatch(r"(\d{1,4})([hdw])", asked)
    if span:
        return now - timedelta(**{_UNITS[span[2]]: int(span[1])})
    try:
        day = datetime.fromisoformat(asked)
    except ValueError as error:
        raise typer.BadParameter("Say 36h, 7d, 2w, or a day such as 2026-01-31.") from error
    return day if day.tzinfo else day.replace(tzinfo=now.tzinfo)


def _told(report: "Reconciliation") -> str:
    head = f"{report.here} payments here, {report.there} at the provider"
    if report.fees_booked:
        head += f", {report.fees_booked} fees booked"
    others = [
        f"Not compared: {count} of {provider}, which is not set up here."
        for provider, count in report.not_compared.items()
    ]
    if not report.differences:
        return "\n".join([f"{head}: no difference.", *others])
    told = [
        f"{one.kind:<14}{one.payment_id or one.reference}  here: {one.here}  there: {one.there}\n"
        f"{'':<14}{one.explanation}"
        for one in report.differences
    ]
    return "\n".join([f"{head}: {len(told)} differences.", *told, *others])


def _run(work: "Callable[[Shop], Awaitable[T]]") -> T:
    async def connected() -> T:
        async with _shop() as shop:
            return await work(shop)

    return asyncio.run(connected())


@asynccontextmanager
async def _shop() -> "AsyncIterator[Shop]":
    from bodega.apps.compose import compose
    from bodega.apps.supervise.environment import connected_settings
    from bodega.kernel.errors import Unavailable

    shop = compose(connected_settings())
    try:
        try:
            await shop.context.database.ping()
        except Exception as error:
            raise Unavailable("The database does not answer: see `bodega status`.") from error
        yield shop
    finally:
        await shop.close()

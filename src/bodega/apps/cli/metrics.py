"""`bodega metrics`: the shop's metrics, each defined once."""

import json
from datetime import date, datetime
from typing import Annotated

import typer

from bodega.apps.cli.lake_care import lake_root
from bodega.apps.cli.tables import print_table

group = typer.Typer(
    help="The shop's metrics: what they mean and what they say.", no_args_is_help=True
)
AsJson = Annotated[bool, typer.Option("--json", help="For scripts.")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="UTC, included.")]


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="metrics")


@group.command("list")
def list_metrics(as_json: AsJson = False) -> None:
    """Name every metric, its unit, its owner and what it can be told apart by.

    Example: bodega metrics list
    """
    from bodega.insight.semantic.model import metrics

    if as_json:
        typer.echo(json.dumps([m.model_dump(mode="json") for m in metrics().values()], indent=1))
        return
    rows = [
        (m.name, m.unit, m.owner, ", ".join(sorted(m.home.dimensions)), m.description)
        for m in metrics().values()
    ]
    print_table(["metric", "unit", "owner", "by", "meaning"], rows)


@group.command()
def show(name: Annotated[str, typer.Argument(help="The metric.")]) -> None:
    """Say all there is to know of a metric: meaning, grain, formula, tables, tests.

    Example: bodega metrics show net_sales
    """
    from bodega.insight.semantic.model import metric

    found = metric(name)
    typer.echo(f"{found.label} ({found.name}): {found.description}")
    typer.echo(f"owner    {found.owner}\nunit     {found.unit}\ngrain    {found.grain}")
    for place in (found.home, *found.rollups):
        typer.echo(f"table    gold.{place.table}: {place.formula}")
        typer.echo(f"         by {', '.join(sorted(place.dimensions)) or 'nothing'}")
    for test in found.tests:
        typer.echo(f"test     {test.name}: {test.equals}")


@group.command()
def query(
    name: Annotated[str, typer.Argument(help="The metric.")],
    *,
    by: Annotated[list[str] | None, typer.Option(help="A dimension; may be repeated.")] = None,
    since: Day = None,
    until: Day = None,
    currency: Annotated[str | None, typer.Option(help="Only this one.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Rows at most.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Ask a metric over the published warehouse.

    Example: bodega metrics query net_sales --by month --since 2026-01-01
    """
    import asyncio

    from bodega.insight.gold import GoldReader
    from bodega.insight.metrics import GoldMetrics

    first, last = _day(since), _day(until)
    if first and last and first > last:
        raise typer.BadParameter("--since comes after --until")
    gold = GoldReader(lake_root())
    asked = GoldMetrics(gold).ask(
        name=name,
        by=by or [],
        since=first,
        until=last,
        currency=currency,
        limit=limit,
    )
    answer = asyncio.run(asked)
    gold.access.flush(now=True)
    if as_json:
        typer.echo(json.dumps([row.model_dump() for row in answer.rows], indent=1))
        return
    rows = [(*row.dimensions.values(), row.currency, row.value) for row in answer.rows]
    print_table([*(by or []), "currency", name], rows)
    if answer.more:
        typer.echo(f"There are more: --limit {2 * limit}")


@group.command()
def check(as_json: AsJson = False) -> None:
    """Check that every metric is what it says, in each table that can tell it. Exit code 1: no.

    Example: bodega metrics check
    """
    from bodega.data.lake.query import open_gold
    from bodega.insight.semantic.checks import check as checked

    with open_gold(lake_root()) as con:
        found = list(checked(con))
    if as_json:
        told = [{"metric": c.metric, "against": c.against, "wrong": c.wrong} for c in found]
        typer.echo(json.dumps(told, indent=1))
    else:
        rows = [(c.metric, c.against, "ok" if c.passed else str(c.wrong)) for c in found]
        print_table(["metric", "against", ""], rows)
    if not all(one.passed for one in found):
        raise typer.Exit(1)


@group.command()
def bounds(as_json: AsJson = False) -> None:
    """Show the metrics that somebody set bounds for in quality.yml, and what they say now. Exit
    code 1: one is beyond them.

    Example: bodega metrics bounds
    """
    from bodega.backbone.settings import load_settings
    from bodega.data.lake.query import open_gold
    from bodega.data.quality.policy import read_policy
    from bodega.insight.semantic.bounds import bounded
    from bodega.kernel.clock import SystemClock

    rules = read_policy(load_settings().quality_file).metrics
    with open_gold(lake_root()) as con:
        found = list(bounded(con, rules, today=SystemClock().now().date()))
    names = ["metric", "since", "until", "currency", "value", "below", "above", "state"]
    rows = [
        (
            one.metric.name,
            str(one.since),
            str(one.until),
            one.currency,
            one.value,
            one.bound.below,
            one.bound.above,
            "beyond" if one.crossed else "within",
        )
        for one in found
    ]
    if as_json:
        typer.echo(json.dumps([dict(zip(names, row, strict=True)) for row in rows], indent=1))
    elif rows:
        print_table(names, rows)
    else:
        typer.echo("No metric has bounds: see `metrics` in docs/quality.md.")
    if any(one.crossed for one in found):
        raise typer.Exit(1)


def _day(instant: datetime | None) -> date | None:
    return None if instant is None else instant.date()

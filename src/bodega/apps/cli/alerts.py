"""`bodega alerts …`: what needs a person, and whether messages about it arrive."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from bodega.apps.cli.tables import print_table

if TYPE_CHECKING:
    from bodega.contracts.pipelines import AlertView

group = typer.Typer(no_args_is_help=True, help="What the pipelines had to tell somebody.")


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="alerts")


@group.command("list")
def list_alerts(
    ended: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Alerts at most.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Show open alerts, and who has heard of them.

    Example: bodega alerts list --all
    """
    from bodega.backbone.settings import load_settings
    from bodega.data.lake.storage import LakeRoot
    from bodega.data.operations.alerts import alerts

    found = alerts(LakeRoot.of(load_settings()).work, open_only=not ended, limit=limit)
    if as_json:
        typer.echo(json.dumps([one.model_dump(mode="json") for one in found], indent=2))
        return
    if not found:
        typer.echo("No alert is open." if not ended else "No alert was ever raised.")
        return
    rows = [
        (
            "over" if one.resolved_at else one.severity,
            one.key,
            one.title,
            one.opened_at.isoformat(" ", "seconds"),
            one.count,
            _heard(one),
        )
        for one in found
    ]
    print_table(["state", "key", "what", "since", "times", "told"], rows)


@group.command("test")
def test() -> None:
    """Send a message over every channel now. Exit code 1 when one does not get through.

    Example: bodega alerts test
    """
    from bodega.apps.alerting import tried
    from bodega.backbone.settings import load_settings

    outcomes = tried(load_settings())
    for channel, failure in outcomes.items():
        typer.echo(f"{channel}: {failure or 'delivered'}", err=bool(failure))
    if not outcomes:
        typer.echo("No channel is set: see BODEGA_ALERTS_EMAIL and BODEGA_ALERTS_WEBHOOK_URL.")
    if not outcomes or any(outcomes.values()):
        raise typer.Exit(1)


def _heard(alert: "AlertView") -> str:
    """`raised by mail, webhook failed (it answered 503)`."""
    said = []
    for one in alert.deliveries:
        how = one.kind if one.sent_at else f"not told ({one.failure})" if one.failure else "waiting"
        said.append(f"{one.channel}: {how}")
    return ", ".join(said) or "nobody yet"

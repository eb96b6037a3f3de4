"""`bodega model`: train the recommender, and see what answers."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from bodega.ml.registry.cards import ModelCard


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Train models and see which one answers.")
    group.command()(train)
    group.command()(show)
    app.add_typer(group, name="model")


def train(
    again: Annotated[
        bool, typer.Option("--again", help="Even if no sale was published since the last model.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The card, for scripts.")] = False,
) -> None:
    """Train "people also bought" on published sales; it answers only if it beats popularity.

    Example: bodega model train
    """
    from bodega.apps.training import train_once
    from bodega.backbone.settings import load_settings

    card = train_once(load_settings(), again=again)
    if card is None:
        typer.echo("Nothing new to learn from: no sales are published since the last model.")
    elif as_json:
        typer.echo(card.model_dump_json(indent=2))
    else:
        _print(cards=[card], current=card.version if card.promoted else None)


def show(
    as_json: Annotated[bool, typer.Option("--json", help="All cards, for scripts.")] = False,
) -> None:
    """Show the models kept, what they were trained on, and which one answers.

    Example: bodega model show --json
    """
    import json

    from bodega.backbone.settings import load_settings
    from bodega.ml.recommend import NAME
    from bodega.ml.registry.store import Registry

    registry = Registry(load_settings().data_dir / "models", NAME)
    cards, folder = registry.cards(), registry.current()
    current = folder.name if folder else None
    if as_json:
        models = [card.model_dump(mode="json") for card in cards]
        typer.echo(json.dumps({"current": current, "models": models}, indent=2))
    elif cards:
        _print(cards, current)
    else:
        typer.echo("No model yet, best sellers answer: see `bodega model train`.")


def _print(cards: "list[ModelCard]", current: str | None) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    console.print(_table(cards, current))
    answers = f"{current} answers." if current else "No model answers: best sellers do."
    console.print(answers)


def _table(cards: "list[ModelCard]", current: str | None) -> "Table":
    from rich.table import Table

    k = cards[0].metrics.k
    table = Table(
        "version", "candidate", f"nDCG@{k}", "popularity", f"recall@{k}", "popularity", "queries",
        "as of", "verdict", box=None,
    )  # fmt: skip
    for card in cards:
        table.add_row(
            card.version,
            card.candidate,
            f"{card.metrics.ndcg:.4f}",
            f"{card.baseline.ndcg:.4f}",
            f"{card.metrics.recall:.4f}",
            f"{card.baseline.recall:.4f}",
            f"{card.metrics.queries:,}",
            f"{card.as_of:%Y-%m-%d %H:%M}",
            card.verdict,
            style="green" if card.version == current else "",
        )
    return table

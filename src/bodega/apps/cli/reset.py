"""`bodega reset`: back to before the first start."""

import os
import signal
import sys
from typing import Annotated

import typer

from bodega.apps.cli.down import gone


def register(app: typer.Typer) -> None:
    app.command()(reset)


def reset(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Stop the shop and delete all it keeps in the data directory: orders, lake and models.

    Servers named by BODEGA_DATABASE_URL or BODEGA_VALKEY_URL are not touched.

    Example: bodega reset --yes
    """
    from bodega.apps.supervise.folder import DataFolder
    from bodega.apps.supervise.lock import running
    from bodega.backbone.settings import load_settings

    folder = DataFolder(load_settings().data_dir)
    if not folder.path.exists():
        typer.echo(f"There is nothing in {folder.path}.")
        return
    if not yes:
        _ask(f"Delete everything in {folder.path}: orders, customers, lake and models?")
    pid = running(folder.pid_file)
    if pid:
        os.kill(pid, signal.SIGTERM)
        if not gone(folder, seconds=60):
            typer.echo("The shop does not stop: try `bodega down --force` first.")
            raise typer.Exit(1)
    folder.delete()
    typer.echo(f"{folder.path} is empty again.")


def _ask(question: str) -> None:
    if not sys.stdin.isatty():
        typer.echo(f"{question} Nobody is here to answer: say --yes.", err=True)
        raise typer.Exit(2)
    typer.confirm(question, abort=True)

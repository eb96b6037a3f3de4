"""`bodega down`: an orderly end."""

import os
import signal
import time
from typing import Annotated

import typer

_PATIENCE_SECONDS = 60.0


def register(app: typer.Typer) -> None:
    app.command()(down)


def down(
    force: Annotated[
        bool, typer.Option("--force", help="End everything at once; accepted orders survive.")
    ] = False,
) -> None:
    """Stop the shop that runs on this data directory; fine if none does.

    Example: bodega down
    """
    from bodega.apps.supervise.folder import DataFolder
    from bodega.apps.supervise.lock import running
    from bodega.backbone.settings import load_settings

    folder = DataFolder(load_settings().data_dir)
    pid = running(folder.pid_file)
    if pid is None:
        typer.echo(f"No Bodega runs on {folder.path}.")
        return
    os.kill(pid, signal.SIGKILL if force else signal.SIGTERM)
    if not gone(folder, seconds=_PATIENCE_SECONDS):
        typer.echo(f"It still stops after {_PATIENCE_SECONDS:.0f} s: try `bodega down --force`.")
        raise typer.Exit(1)
    typer.echo("Bodega is stopped.")


def gone(folder: object, *, seconds: float) -> bool:
    """Waits until no supervisor runs on the folder."""
    from bodega.apps.supervise.folder import DataFolder
    from bodega.apps.supervise.lock import running

    assert isinstance(folder, DataFolder)
    deadline = time.monotonic() + seconds
    while running(folder.pid_file):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True

"""`bodega up`: the whole shop with one command."""

import os
import sys
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command()(up)


def up(
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Return once the shop is open; it goes on.")
    ] = False,
    port: Annotated[int | None, typer.Option(help="Port of the shop [BODEGA_PORT, 8000].")] = None,
    api_processes: Annotated[
        int | None, typer.Option(min=1, help="API processes [BODEGA_API_PROCESSES, 1].")
    ] = None,
    no_seed: Annotated[bool, typer.Option("--no-seed", help="Start with an empty shop.")] = False,
) -> None:
    """Start the shop: servers, schema, goods, processes, first numbers and models.

    Stays in the foreground; Ctrl-C stops everything, a second Ctrl-C at once. The first start
    makes up a shop and an administrator; the next take seconds and have lost nothing.

    Example: bodega up --port 8080
    """
    _keep_bytecode()
    for name, value in (("PORT", port), ("API_PROCESSES", api_processes)):
        if value is not None:
            os.environ[f"BODEGA_{name}"] = str(value)
    code = _detached(seed=not no_seed) if detach else _foreground(seed=not no_seed)
    raise typer.Exit(code)


def _keep_bytecode() -> None:
    """A shop whose processes compile all that they import takes three times as long to start.
    Whoever wants folders without bytecode names another with PYTHONPYCACHEPREFIX."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def _foreground(*, seed: bool) -> int:
    from bodega.apps.supervise.processes import cast_of
    from bodega.apps.supervise.terminal import Terminal
    from bodega.apps.supervisor import Supervisor
    from bodega.backbone.settings import load_settings

    settings = load_settings()
    cast = cast_of(settings, seed=seed)
    with Terminal() as terminal:
        return Supervisor(settings, cast, report=terminal, echo=terminal.log_line).run()


def _detached(*, seed: bool) -> int:
    from bodega.apps.detach import start_detached
    from bodega.apps.supervise.folder import DataFolder
    from bodega.apps.supervise.lock import running
    from bodega.apps.supervise.terminal import Terminal
    from bodega.backbone.settings import load_settings

    settings = load_settings()
    pid = running(DataFolder(settings.data_dir).pid_file)
    if pid:
        typer.echo(f"Bodega runs already (pid {pid}): see `bodega status`.")
        return 0
    with Terminal() as terminal:
        return start_detached(settings, seed=seed, report=terminal)

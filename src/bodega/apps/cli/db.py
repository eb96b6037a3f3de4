"""`bodega db`: the schema of the database, a branch of migrations for each module."""

import json
from typing import Annotated

import typer

BEHIND = 1


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Migrations of the database.")
    for command in (upgrade, status, revision):
        group.command()(command)
    app.add_typer(group, name="db")


def upgrade() -> None:
    """Bring every module's tables up to date; `bodega up` does it at each start.

    Example: bodega db upgrade
    """
    from bodega.apps.modules import branches
    from bodega.apps.supervise.environment import connected_settings
    from bodega.backbone import migrate

    moved = migrate.upgrade(connected_settings().direct_dsn, branches())
    typer.echo(f"Brought up to date: {', '.join(moved)}." if moved else "All is up to date.")


def status(as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False) -> None:
    """Show which modules' tables are behind. Exit code 0: none, 1: some.

    Example: bodega db status
    """
    from bodega.apps.modules import branches
    from bodega.apps.supervise.environment import connected_settings
    from bodega.backbone import migrate

    known = branches()
    behind = set(migrate.pending(connected_settings().direct_dsn, known))
    states = {one.name: "behind" if one.name in behind else "up to date" for one in known}
    if as_json:
        typer.echo(json.dumps(states, indent=2))
    else:
        for name, state in states.items():
            typer.echo(f"{name:<16}{state}")
    raise typer.Exit(BEHIND if behind else 0)


def revision(
    module: Annotated[str, typer.Argument(help="Whose tables changed: a module, or backbone.")],
    message: Annotated[str, typer.Argument(help="What changes, in a few words.")],
) -> None:
    """Write a migration from the difference between a module's tables and an upgraded database.

    Example: bodega db revision orders "Remember the channel"
    """
    from bodega.apps.modules import branches
    from bodega.apps.supervise.environment import connected_settings
    from bodega.backbone import migrate

    known = branches()
    names = [one.name for one in known]
    if module not in names:
        raise typer.BadParameter(f"{module} is none of {', '.join(names)}.")
    migrate.revision(connected_settings().direct_dsn, known, branch=module, message=message)
    typer.echo("Written: read it before you commit it.")

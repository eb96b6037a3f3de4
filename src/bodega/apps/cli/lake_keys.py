"""`bodega lake keys status|new|rewrap`: the master key that wraps the keys of persons."""

import json
from typing import Annotated

import typer

from bodega.apps.cli.tables import print_table

AsJson = Annotated[bool, typer.Option("--json", help="For scripts.")]


def register(lake: typer.Typer) -> None:
    keys = typer.Typer(no_args_is_help=True, help="Replace the master key of personal data.")
    for command in (status, new, rewrap):
        keys.command()(command)
    lake.add_typer(keys, name="keys")


def status(as_json: AsJson = False) -> None:
    """Count the keys of persons by the master key that wraps them.

    Example: bodega lake keys status
    """
    from bodega.apps.supervise.environment import connected_settings
    from bodega.backbone.vault.keys import MasterKeys
    from bodega.backbone.vault.rotation import wrapped_by

    settings = connected_settings()
    masters = MasterKeys.of(settings)
    names = {masters.current.name: "current"}
    if masters.former:
        names[masters.former.name] = "former"
    rows = [
        {"master_key": name, "is": names.get(name, "unknown"), "keys": count}
        for name, count in wrapped_by(settings.dsn).items()
    ]
    if as_json:
        typer.echo(json.dumps(rows))
    else:
        print_table(("master key", "is", "keys"), [tuple(row.values()) for row in rows])


def new() -> None:
    """Make a new master key; it is in force from the next start on, the old one beside it.

    Example: bodega lake keys new && bodega down && bodega up --detach && bodega lake keys rewrap
    """
    from bodega.apps.supervise.credentials import new_master_key
    from bodega.apps.supervise.folder import DataFolder
    from bodega.backbone.settings import load_settings
    from bodega.backbone.vault.errors import MasterKeyIsYours

    settings = load_settings()
    if "lake_master_key" in settings.model_fields_set:
        raise MasterKeyIsYours
    new_master_key(DataFolder(settings.data_dir))
    typer.echo("A new master key is made. Restart the shop, then: bodega lake keys rewrap")


def rewrap() -> None:
    """Wrap every key anew by the new master key; the old one is then of no use.

    It may be stopped at any moment and run again; the shop goes on meanwhile.

    Example: bodega lake keys rewrap
    """
    from bodega.apps.supervise.credentials import FORMER, credentials, forget_former_master_key
    from bodega.apps.supervise.environment import connected_settings
    from bodega.apps.supervise.folder import DataFolder
    from bodega.backbone.vault.errors import RotationUnderWay
    from bodega.backbone.vault.keys import MasterKeys
    from bodega.backbone.vault.rotation import rewrap as wrap_anew

    settings = connected_settings()
    folder = DataFolder(settings.data_dir)
    in_force = settings.lake_master_key.get_secret_value()
    rotating = FORMER in folder.read(folder.secrets_file)
    if rotating and credentials(folder)["lake_master_key"] != in_force:
        raise RotationUnderWay
    done = wrap_anew(
        settings.dsn, MasterKeys.of(settings), lambda n: typer.echo(f"{n:,}", err=True)
    )
    forget_former_master_key(folder)
    typer.echo(f"{done:,} key{'' if done == 1 else 's'} wrapped anew.")

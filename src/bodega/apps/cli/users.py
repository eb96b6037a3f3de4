"""`bodega users`: administrators and forgotten passwords."""

import asyncio
from typing import Annotated

import typer

group = typer.Typer(help="Administrators and passwords.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(help="The user's e-mail.")]


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="users")


@group.command("create-admin")
def create_admin(email: Email) -> None:
    """Make one more administrator and print the password, this once.

    Example: bodega users create-admin maria@example.com
    """
    from bodega.apps import admin
    from bodega.apps.supervise.environment import connected_settings

    password = asyncio.run(admin.create_admin(connected_settings(), email))
    typer.echo(f"{email} is an administrator now.\nPassword (not shown again): {password}")


@group.command("set-password")
def set_password(
    email: Email,
    password: Annotated[
        str,
        typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, help="Asked for."),
    ],
) -> None:
    """Give a user another password; all the user's sessions end.

    Example: bodega users set-password maria@example.com
    """
    from bodega.apps import admin
    from bodega.apps.supervise.environment import connected_settings

    user = asyncio.run(admin.set_password(connected_settings(), email, password))
    typer.echo(f"{user.email} has a new password and is signed out everywhere.")


@group.command("list")
def list_users(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 50,
) -> None:
    """Show users, newest first.

    Example: bodega users list --limit 10
    """
    from rich.console import Console
    from rich.table import Table

    from bodega.apps import admin
    from bodega.apps.supervise.environment import connected_settings

    table = Table("id", "e-mail", "name", "role", box=None)
    for user in asyncio.run(admin.list_users(connected_settings(), limit)):
        table.add_row(str(user.id), user.email or "-", user.name or "-", user.role.value)
    Console(highlight=False, soft_wrap=True).print(table)

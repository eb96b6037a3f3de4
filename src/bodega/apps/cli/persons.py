"""`bodega lake erase|reveal`: what the lake holds of a person."""

import asyncio
import json
from typing import Annotated

import typer

Person = Annotated[str, typer.Argument(help="A user id, or an e-mail (guests have no id).")]
OPERATOR = "operator"
SHORTEST_REASON = 3


def register(lake: typer.Typer) -> None:
    lake.command()(erase)
    lake.command()(reveal)


def erase(
    person: Person,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Forget a customer for good: empty the account, destroy the keys to the lake's copies.

    Every value of theirs in bronze, in old versions and in the archive is unreadable from then on.
    Orders stay, as books must; their marks of the person no longer lead to one.

    Example: bodega lake erase ada@example.com
    """
    from bodega.apps.supervise.environment import connected_settings

    settings = connected_settings()
    if not yes:
        typer.confirm(f"Forget {person}? This cannot be undone", abort=True)

    async def run() -> int:
        from bodega.apps.compose import compose
        from bodega.contracts.identity import Identity

        shop = compose(settings)
        try:
            return await shop.context.container.get(Identity).erase(person=person, actor=OPERATOR)
        finally:
            await shop.close()

    keys = asyncio.run(run())
    if keys:
        typer.echo(f"{keys} key{'' if keys == 1 else 's'} destroyed; {person} is forgotten.")
    else:
        typer.echo(f"No key was destroyed: nobody is known as {person}, or not any more.")


def reveal(
    person: Person,
    reason: Annotated[str, typer.Option(help="Kept, with your name, beside the request.")],
    actor: Annotated[str, typer.Option(help="For whom, beside the account you are.")] = "",
) -> None:
    """Show what bronze holds of a customer in the clear, as JSON.

    Example: bodega lake reveal ada@example.com --reason "request of 20 November"
    """
    from bodega.apps.supervise.environment import connected_settings
    from bodega.backbone.vault.keys import MasterKeys
    from bodega.backbone.vault.store import Vault
    from bodega.data.lake.access import reader
    from bodega.data.lake.reveal import reveal as opened
    from bodega.data.lake.storage import LakeRoot

    if len(reason := reason.strip()) < SHORTEST_REASON:
        raise typer.BadParameter("say why: it is kept", param_hint="--reason")
    settings = connected_settings()
    vault = Vault(settings.dsn, MasterKeys.of(settings))
    who = " for ".join(name for name in (reader(), actor.strip()) if name)
    root = LakeRoot.of(settings)
    found = opened(root, vault, person=person, actor=who, reason=reason)
    typer.echo(json.dumps([row.model_dump() for row in found.rows], indent=1, ensure_ascii=False))

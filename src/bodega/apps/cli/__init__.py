"""The command `bodega`: one file a group of commands; heavy imports wait until a command runs."""

import sys

import typer

from bodega.apps.cli import (
    alerts,
    config,
    db,
    down,
    events,
    fx,
    importing,
    inventory,
    lake,
    lineage,
    logs,
    metrics,
    models,
    payments,
    pipelines,
    quality,
    read_models,
    reports,
    reset,
    seeding,
    sources,
    status,
    up,
    users,
    version,
    workflows,
)
from bodega.kernel.errors import BodegaError

app = typer.Typer(
    name="bodega",
    help="A store with the warehouse in the back.\n\nExample: bodega up",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (
    up,
    down,
    status,
    logs,
    reset,
    users,
    seeding,
    importing,
    inventory,
    lake,
    lineage,
    sources,
    quality,
    metrics,
    reports,
    models,
    pipelines,
    alerts,
    payments,
    events,
    fx,
    workflows,
    read_models,
    db,
    config,
    version,
):
    group.register(app)


def main() -> None:
    """Run; a failure is one sentence on standard error. 0 done, 1 failed, 2 called wrongly."""
    try:
        app()
    except BodegaError as error:
        fail(error.detail, code=1)
    except KeyboardInterrupt:
        sys.exit(130)
    except ValueError as error:
        fail(_of_settings(error), code=2)


def fail(sentence: str, *, code: int) -> None:
    from rich.console import Console

    Console(stderr=True, soft_wrap=True, highlight=False).print(
        sentence, style="bold red", markup=False
    )
    sys.exit(code)


def _of_settings(error: ValueError) -> str:
    """pydantic's complaint about a setting in words; any other error goes on."""
    from pydantic import ValidationError

    if not isinstance(error, ValidationError) or error.title != "Settings":
        raise error
    said = [
        f"BODEGA_{'_'.join(str(part) for part in item['loc']).upper()}: {item['msg']}".replace(
            "BODEGA_: ", ""
        )
        for item in error.errors()
    ]
    return "\n".join([*said, "Set it right in the environment or in `.env`."])

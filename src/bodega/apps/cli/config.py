"""`bodega config`: every setting, its value and where that comes from."""

import json
import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from bodega.backbone.settings import Settings

_PREFIX = "BODEGA_"


def register(app: typer.Typer) -> None:
    app.command()(config)


def config(
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Show the effective settings; secrets are masked.

    Values come from the environment, then `.env`, then what `bodega up` made up or chose (while it
    runs), then the default.

    Example: bodega config --json
    """
    rows = effective()
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("setting", "value", "from", "meaning", box=None)
    for column in table.columns[:3]:
        column.no_wrap = True
    for row in rows:
        style = "dim" if row["source"] == "default" else ""
        table.add_row(row["setting"], row["value"], row["source"], row["meaning"], style=style)
    Console(highlight=False).print(table)


def effective() -> list[dict[str, str]]:
    """One row a setting: setting, value, source, meaning."""
    from bodega.apps.supervise.environment import connected_settings
    from bodega.apps.supervise.errors import NotRunning
    from bodega.backbone.settings import Settings, load_settings

    try:
        settings = connected_settings()
    except NotRunning:
        settings = load_settings()
    sources = _Sources(settings)
    return [
        {
            "setting": f"{_PREFIX}{name.upper()}",
            "value": _shown(getattr(settings, name)),
            "source": sources.of(name),
            "meaning": field.description or "",
        }
        for name, field in Settings.model_fields.items()
    ]


class _Sources:
    def __init__(self, settings: "Settings") -> None:
        from dotenv import dotenv_values

        self._settings = settings
        self._environment = _set(dict(os.environ))
        self._file = _set(dotenv_values(".env"))

    def of(self, name: str) -> str:
        if name in self._environment:
            return "environment"
        if name in self._file:
            return ".env"
        return "bodega up" if name in self._settings.model_fields_set else "default"


def _set(values: dict[str, Any]) -> set[str]:
    """Names of settings that have a value; case does not matter, empty is unset."""
    return {
        name.upper().removeprefix(_PREFIX).lower()
        for name, value in values.items()
        if name.upper().startswith(_PREFIX) and value
    }


def _shown(value: object) -> str:
    from pydantic import SecretStr

    if isinstance(value, SecretStr):
        return "********"
    return "" if value is None else str(value)

"""The reference of settings, made from the settings: `python -m bodega.ops.reference`."""

from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from bodega.backbone.settings import Settings

_HEAD = """# Settings

Every setting is `BODEGA_<AREA>_<NAME>` in the environment or in `.env`, the environment first.
`bodega config` prints what is in force, secrets masked, and where each value comes from.

| variable | default | what it is |
|---|---|---|
"""


def settings_reference() -> str:
    """Markdown: a row a setting, in the order of the code."""
    rows = [_row(name, field) for name, field in Settings.model_fields.items()]
    return _HEAD + "".join(rows)


def _row(name: str, field: FieldInfo) -> str:
    return f"| `BODEGA_{name.upper()}` | {_default(field)} | {field.description} |\n"


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return "*generated*"
    return f"`{value.name if isinstance(value, Path) else value}`"


def main() -> None:
    """Write `docs/settings.md` of the checkout this runs in."""
    Path("docs/settings.md").write_text(settings_reference())


if __name__ == "__main__":
    main()

"""The documents name every setting as it is."""

from pathlib import Path

from bodega.backbone.settings import Settings
from bodega.ops.reference import settings_reference

DOCS = Path(__file__).parents[2] / "docs"


def test_the_settings_page_is_what_the_code_says() -> None:
    page = (DOCS / "settings.md").read_text()
    assert page == settings_reference(), "run `python -m bodega.ops.reference`"


def test_every_setting_says_what_it_is() -> None:
    assert not [name for name, field in Settings.model_fields.items() if not field.description]

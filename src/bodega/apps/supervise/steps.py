"""What a start does to the data, one small function a step; heavy imports stay inside them."""

import asyncio
import inspect
import json
from collections.abc import Callable
from pathlib import Path

from bodega.apps.supervise.report import Report, Reporter, step
from bodega.backbone.settings import Settings

Progress = Callable[[str, int, int], None]


def migrate(settings: Settings, report: Reporter) -> None:
    with step("Database schema", report) as current:
        from bodega.apps.modules import branches
        from bodega.backbone.migrate import upgrade

        moved = upgrade(settings.direct_dsn, branches())
        current.detail = f"brought {', '.join(moved)} up to date" if moved else "up to date"


def make_admin(settings: Settings, report: Reporter) -> None:
    """Say the first administrator's password: this once, and never in a log."""
    with step("Administrator", report) as current:
        from bodega.apps.admin import ensure_admin

        password = _finished(ensure_admin(settings))
        current.detail = "made" if password else "exists"
    if isinstance(password, str):
        values = {
            "sign in as": settings.admin_email,
            "password": password,
            "note": "not shown again",
        }
        report(Report("secret", text="Your administrator", values=values))


def seed(settings: Settings, report: Reporter) -> None:
    with step("Shop's goods and history", report) as current:
        from bodega.apps.seed import seed_if_empty

        def progress(what: str, done: int, total: int) -> None:
            current.progress(what, done, total)

        seeded = _finished(seed_if_empty(settings, progress))
        current.detail = str(seeded) if seeded else "there already"


def _finished(result: object) -> object:
    """The outcome, whether the step is a coroutine or a plain function."""
    return asyncio.run(result) if inspect.iscoroutine(result) else result


def published_file(settings: Settings) -> Path | None:
    """What appears when gold is first published; None for a lake that is not a folder."""
    root = settings.lake_root
    return None if "://" in root else Path(root) / "published" / "current.json"


def has_sales(published: Path) -> bool:
    """Whether there is anything to learn from in what is published."""
    try:
        tables = json.loads(published.read_text()).get("tables", {})
        return int(tables["fct_order_lines"]["rows"]) > 0
    except (OSError, ValueError, KeyError):
        return False


def has_model(settings: Settings) -> bool:
    """Whether any model was ever trained here."""
    return any((settings.data_dir / "models").glob("*/*/card.json"))

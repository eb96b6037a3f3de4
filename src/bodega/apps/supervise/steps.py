"""What a start does to the data, one small function a step; heavy imports stay inside them."""

import asyncio
import inspect
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


def first_lake(lake_root: str) -> Path | None:
    """The file that appears when gold is first published; None for a lake that is not a folder."""
    return None if "://" in lake_root else Path(lake_root) / "published" / "current.json"


def first_model(settings: Settings) -> Path:
    """The folder in which the first model is registered."""
    return settings.data_dir / "models"

"""Manifest of notifications."""

from pathlib import Path

from bodega.backbone.module import Module
from bodega.commerce.notifications.handlers import HANDLERS
from bodega.commerce.notifications.jobs import JOBS
from bodega.commerce.notifications.routes import ROUTERS
from bodega.commerce.notifications.service import NotificationService
from bodega.commerce.notifications.tables import METADATA
from bodega.contracts.notifications import Notifications

MODULE = Module(
    name="notifications",
    metadata=METADATA,
    routers=ROUTERS,
    handlers=HANDLERS,
    jobs=JOBS,
    provides={Notifications: NotificationService},
    migrations=Path(__file__).parent / "migrations",
)

"""Scheduled work of views."""

from bodega.backbone.module import Context, Job
from bodega.commerce.views import service


async def ask_stock(context: Context) -> None:
    """Variants that moved get today's availability."""
    await service.ask_stock(context)


JOBS: list[Job] = [Job("views.ask_stock", 2, ask_stock)]

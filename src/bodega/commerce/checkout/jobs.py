"""Scheduled work of checkout."""

from bodega.backbone.module import Context, Job
from bodega.commerce.checkout.service import CheckoutService


async def resume(context: Context) -> None:
    """Sagas whose driver is gone are finished or undone, and those that wait are looked at."""
    await CheckoutService(context).resume()


JOBS: list[Job] = [Job("checkout.resume", 2, resume)]

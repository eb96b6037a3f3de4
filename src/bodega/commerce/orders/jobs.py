"""Scheduled work of orders."""

from bodega.backbone.module import Context, Job
from bodega.commerce.orders.service.aftersales import AfterSalesService


async def resume(context: Context) -> None:
    """Changes of orders whose driver is gone are brought to their end."""
    await AfterSalesService(context).resume()


JOBS: list[Job] = [Job("orders.resume", 2, resume)]

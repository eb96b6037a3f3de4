"""Scheduled work of inventory: lapsed holds are forgotten once nobody can honour them."""

from datetime import timedelta

from bodega.backbone.module import Context, Job
from bodega.commerce.inventory.service import holds

KEPT = timedelta(days=1)
DAILY = 86_400


async def tidy_holds(context: Context) -> None:
    """Delete holds that ended or lapsed a day ago, a batch a transaction."""
    before = context.clock.now() - KEPT
    while True:
        async with context.database.work(actor="job:inventory.tidy_holds") as uow:
            if await holds.tidy(uow, before=before) < holds.TIDY_BATCH:
                return


JOBS: list[Job] = [Job("inventory.tidy_holds", every_seconds=DAILY, run=tidy_holds)]

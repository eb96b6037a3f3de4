"""Scheduled work of inventory: the books are checked, holds long lapsed are forgotten."""

from datetime import timedelta

from bodega.backbone.module import Context, Job
from bodega.commerce.inventory.service import holds
from bodega.commerce.inventory.service.checks import check_and_tell

KEPT = timedelta(days=1)
DAILY = 86_400


async def tidy_holds(context: Context) -> None:
    """Delete holds that ended or lapsed a day ago, a batch a transaction."""
    before = context.clock.now() - KEPT
    while True:
        async with context.database.work(actor="job:inventory.tidy_holds") as uow:
            if await holds.tidy(uow, before=before) < holds.TIDY_BATCH:
                return


async def check_levels(context: Context) -> None:
    """Every level against its ledger."""
    await check_and_tell(context)


JOBS: list[Job] = [
    Job("inventory.tidy_holds", every_seconds=DAILY, run=tidy_holds),
    Job("inventory.check", every_seconds=DAILY, run=check_levels),
]

"""The cart's scheduled work."""

from bodega.backbone.module import Context, Job
from bodega.commerce.cart import service


async def purge(context: Context) -> None:
    """Forget guests' carts that nobody came back to."""
    async with context.database.work(actor="job:cart.purge") as uow:
        await service.purge_abandoned(uow, now=context.clock.now())


JOBS: list[Job] = [Job("cart.purge", every_seconds=3600, run=purge)]

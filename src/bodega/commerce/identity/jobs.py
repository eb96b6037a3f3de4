"""Identity's scheduled work."""

from bodega.backbone.module import Context, Job
from bodega.commerce.identity import service


async def purge(context: Context) -> None:
    """Forget sessions and tokens that ended long ago."""
    async with context.database.work(actor="job:identity.purge") as uow:
        await service.purge_ended(uow, now=context.clock.now())


JOBS: list[Job] = [Job("identity.purge", every_seconds=3600, run=purge)]

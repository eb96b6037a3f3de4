"""The cart's scheduled work."""

from bodega.backbone.module import Context, Job
from bodega.commerce.cart import service


async def purge(context: Context) -> None:
    """Forget carts that nobody came back to in their life."""
    await service.purge(context)


async def abandon(context: Context) -> None:
    """Say which carts nobody comes back to."""
    while await service.abandon_idle(context) == service.SWEPT_AT_ONCE:
        pass


JOBS: list[Job] = [
    Job("cart.purge", every_seconds=3600, run=purge),
    Job("cart.abandon", every_seconds=30, run=abandon),
]

"""Scheduled work of views."""

from datetime import timedelta

from bodega.backbone.module import Context, Job
from bodega.commerce.views import repository, service

_HOLDS_END = timedelta(hours=2)


async def ask_stock(context: Context) -> None:
    """Variants that moved get today's availability."""
    await service.ask_stock(context)


async def ask_again(context: Context) -> None:
    """A hold ends without a word: what was asked for while it lived is asked for again."""
    async with context.database.work(actor="job:views.ask_again") as uow:
        await repository.ask_again(uow.connection, since=context.clock.now() - _HOLDS_END)


JOBS: list[Job] = [Job("views.ask_stock", 2, ask_stock), Job("views.ask_again", 30, ask_again)]

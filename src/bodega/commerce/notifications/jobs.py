"""The notifications' scheduled work: send what is due."""

from bodega.backbone.module import Context, Job
from bodega.commerce.notifications import service
from bodega.commerce.notifications.adapters.mail import mailer
from bodega.contracts.aftersales import AfterSales
from bodega.contracts.orders import Orders

AT_MOST = 200


async def send_due(context: Context) -> None:
    """Send due messages, a transaction for as many as the mailer takes at once."""
    post, container = mailer(context.settings), context.container
    sources = service.Sources(container.get(Orders), container.get(AfterSales), context.settings)
    for _ in range(AT_MOST):
        async with context.database.work(actor="job:notifications.send_due") as uow:
            if not await service.send_next(
                uow, sources=sources, mailer=post, now=context.clock.now()
            ):
                break
    await send_alerts(context)


async def send_alerts(context: Context) -> None:
    """Send due alerts to the staff, a mail and a transaction for each kind."""
    post = mailer(context.settings)
    for _ in range(AT_MOST):
        async with context.database.work(actor="job:notifications.send_due") as uow:
            now = context.clock.now()
            if not await service.send_alerts(uow, mailer=post, settings=context.settings, now=now):
                return


JOBS: list[Job] = [Job("notifications.send_due", every_seconds=5, run=send_due)]

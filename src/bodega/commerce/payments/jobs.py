"""What payments does by itself: webhooks every second, deadlines, figures, old bodies."""

from contextlib import aclosing
from datetime import timedelta

from bodega.backbone.module import Context, Job
from bodega.commerce.payments.adapters.providers import Providers
from bodega.commerce.payments.service import books, disputes, reconcile, webhooks
from bodega.commerce.payments.service.refunds import RefundDesk


async def handle_webhooks(context: Context) -> None:
    await webhooks.handle_due(context)


async def watch(context: Context) -> None:
    """Alarms for evidence that is due, and the figures of `/metrics`."""
    async with context.database.work() as uow:
        await disputes.sound_alarms(uow, context.clock.now())
    await books.measure(context)


async def forget_webhooks(context: Context) -> None:
    before = context.clock.now() - timedelta(days=context.settings.payments_webhook_days)
    async with context.database.work() as uow:
        await webhooks.forget(uow, before)


async def settle_refunds(context: Context) -> None:
    """Refunds that nothing was heard of are asked after."""
    async with aclosing(Providers(context.settings)) as providers:
        await RefundDesk(context, providers).settle_pending()


async def keep_reconciled(context: Context) -> None:
    await reconcile.keep_reconciled(context)


JOBS: list[Job] = [
    Job("payments.settle_refunds", 10.0, settle_refunds),
    Job("payments.handle_webhooks", 1.0, handle_webhooks),
    Job("payments.watch", 30.0, watch),
    Job("payments.reconcile", 6 * 3600.0, keep_reconciled),
    Job("payments.forget_webhooks", 24 * 3600.0, forget_webhooks),
]

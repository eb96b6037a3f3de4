"""How long a change of an order waits for its buyer to pay what it costs more."""

from datetime import datetime, timedelta
from typing import NoReturn

from bodega.backbone.module import Context
from bodega.commerce.orders.errors import PaymentAwaited, PaymentNotTaken
from bodega.commerce.orders.repository.operations import Operation


def deadline(context: Context, operation: Operation) -> datetime:
    return operation.started_at + timedelta(hours=context.settings.orders_pay_hours)


def wait_for_buyer(context: Context, operation: Operation) -> NoReturn:
    """Raises PaymentAwaited, or PaymentNotTaken when the time is over."""
    if context.clock.now() >= deadline(context, operation):
        raise PaymentNotTaken("The buyer did not pay the difference in time; nothing was changed")
    raise PaymentAwaited

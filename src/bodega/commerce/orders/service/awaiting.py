"""How long, and how often, a change of an order waits for its buyer to pay what it costs more."""

from datetime import datetime, timedelta
from typing import NoReturn

from bodega.backbone.module import Context
from bodega.commerce.orders.errors import PaymentAwaited, PaymentNotTaken
from bodega.commerce.orders.repository import asking
from bodega.commerce.orders.repository.operations import Operation
from bodega.contracts.aftersales import PaymentAsked
from bodega.contracts.payments import Payments
from bodega.kernel.errors import BodegaError
from bodega.kernel.ids import CheckoutId
from bodega.kernel.money import Money


def deadline(context: Context, operation: Operation) -> datetime:
    return operation.started_at + timedelta(hours=context.settings.orders_pay_hours)


def too_late(context: Context, operation: Operation) -> bool:
    return context.clock.now() >= deadline(context, operation)


def tries_left(context: Context, operation: Operation) -> int:
    """How many further cards may be handed in."""
    if operation.state != "running":
        return 0
    under_way = 0 if operation.payment_token is None else 1
    return max(context.settings.orders_pay_tries - operation.attempt - under_way, 0)


def asked_to_pay(context: Context, operation: Operation) -> PaymentAsked:
    return PaymentAsked(
        order_id=operation.order_id,
        operation_id=operation.id,
        amount=Money.model_validate(operation.plan["charge"]),
        until=deadline(context, operation),
    )


def wait_for_buyer(context: Context, operation: Operation) -> NoReturn:
    """Raises PaymentAwaited, or PaymentNotTaken when the time is over."""
    if too_late(context, operation):
        raise PaymentNotTaken("The buyer did not pay the difference in time; nothing was changed")
    raise PaymentAwaited


async def ask_again(
    context: Context,
    operation: Operation,
    charge_id: CheckoutId,
    refused: BodegaError,
) -> NoReturn:
    """The buyer may try another card: raises PaymentAwaited, or `refused` when that was their last
    try or the time is over."""
    if not tries_left(context, operation) or too_late(context, operation):
        raise refused
    payments = context.container.get(Payments)
    await payments.void(checkout_id=charge_id, attempt=operation.attempt)
    async with context.database.work() as uow:
        await asking.ask_again(uow.connection, operation, code=refused.code, detail=refused.detail)
    raise PaymentAwaited

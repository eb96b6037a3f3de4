"""What a change of an order costs more, where its buyer pays that themselves: on the order's page,
with a card of their own, asked by their bank perhaps. The operation waits for them meanwhile."""

from uuid import UUID

from bodega.backbone.module import Context
from bodega.commerce.orders.errors import PaymentNotDue
from bodega.commerce.orders.repository import operations
from bodega.commerce.orders.repository.operations import Operation
from bodega.commerce.orders.service.awaiting import deadline
from bodega.commerce.orders.service.driving import Driver
from bodega.contracts.aftersales import PayDifference, PaymentDue
from bodega.contracts.payments import Payments, PaymentView
from bodega.kernel.ids import CheckoutId, OperationId, OrderId
from bodega.kernel.money import Money


class DueDesk:
    def __init__(self, context: Context, driver: Driver) -> None:
        self._context = context
        self._database = context.database
        self._driver = driver

    async def of_order(self, order_id: OrderId) -> PaymentDue | None:
        async with self._database.reading() as connection:
            found = await operations.find_asking(connection, order_id)
        return await self._due(found) if found else None

    async def pay(self, order_id: OrderId, asked: PayDifference) -> PaymentDue:
        """The same again goes on. Raises PaymentNotDue."""
        operation = await self._asking(order_id)
        now = self._context.clock.now()
        async with self._database.work() as uow:
            await operations.hand_in_payment(
                uow.connection,
                operation.id,
                token=asked.payment_token,
                return_url=asked.return_url,
                now=now,
            )
        return await self._driven(operation.id)

    async def proceed(self, order_id: OrderId) -> PaymentDue:
        """The buyer is back from the bank. Raises PaymentNotDue."""
        operation = await self._asking(order_id)
        now = self._context.clock.now()
        async with self._database.work() as uow:
            await operations.make_due(uow.connection, operation.id, now=now)
        return await self._driven(operation.id)

    async def _asking(self, order_id: OrderId) -> Operation:
        async with self._database.reading() as connection:
            found = await operations.find_asking(connection, order_id)
        if found is None:
            raise PaymentNotDue
        return found

    async def _driven(self, id: OperationId) -> PaymentDue:
        return await self._due(await self._driver.go_on(id))

    async def _due(self, operation: Operation) -> PaymentDue:
        payment = await self._payment(operation)
        return PaymentDue(
            operation_id=operation.id,
            kind=operation.kind,
            state=operation.state,
            amount=Money.model_validate(operation.plan["charge"]),
            action_url=payment.action_url if payment else None,
            until=deadline(self._context, operation),
            failure_code=operation.failure_code,
            failure_detail=operation.failure_detail,
        )

    async def _payment(self, operation: Operation) -> PaymentView | None:
        """None before a card was handed in, and once nothing is asked of the buyer any more."""
        filed = operation.plan.get("charge_id") or operation.plan.get("exchange_id")
        if filed is None or operation.state != "running":
            return None
        payments = self._context.container.get(Payments)
        found = await payments.payment(CheckoutId(UUID(str(filed))))
        return found if found and found.status == "requires_action" else None

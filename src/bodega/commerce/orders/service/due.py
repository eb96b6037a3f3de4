"""What a change of an order costs more, where its buyer pays that themselves: on the order's page,
with a card of their own, asked by their bank perhaps. The operation waits for them meanwhile."""

import hashlib

from bodega.backbone.module import Context
from bodega.commerce.orders.errors import (
    OperationKeyReused,
    OperationNotPartial,
    OrderBusy,
    PaymentNotDue,
    ProviderNotHere,
)
from bodega.commerce.orders.repository import asking, operations
from bodega.commerce.orders.repository.operations import Operation
from bodega.commerce.orders.service.awaiting import deadline, too_late, tries_left
from bodega.commerce.orders.service.driving import Driver
from bodega.contracts.aftersales import DueLine, PayDifference, PaymentDue
from bodega.contracts.payments import Payments, PaymentView
from bodega.kernel.ids import CommandId, OperationId, OrderId
from bodega.kernel.money import Money


class DueDesk:
    def __init__(self, context: Context, driver: Driver) -> None:
        self._context = context
        self._database = context.database
        self._driver = driver
        self._paypal = bool(context.settings.paypal_client_id)

    async def of_order(self, order_id: OrderId) -> PaymentDue | None:
        async with self._database.reading() as connection:
            found = await asking.find_asking(connection, order_id)
        return await self._due(found) if found else None

    async def pay(
        self, order_id: OrderId, asked: PayDifference, *, command_id: CommandId
    ) -> PaymentDue:
        """The same card again goes on; another one is another try. Raises PaymentNotDue,
        OperationKeyReused, ProviderNotHere."""
        if asked.payment_token.startswith("paypal:") and not self._paypal:
            raise ProviderNotHere
        digest = hashlib.sha256(asked.payment_token.encode()).hexdigest()
        answered = await self._answered(order_id, command_id)
        if answered is not None and answered.plan["handed_in"][str(command_id)] != digest:
            raise OperationKeyReused
        if answered is not None and answered.ended_at is not None:
            return await self._due(answered)
        operation = await self._asking(order_id)
        if not too_late(self._context, operation):
            instead = await self._at_bank(operation) is not None
            async with self._database.work() as uow:
                await asking.hand_in_payment(
                    uow.connection,
                    operation.id,
                    token=asked.payment_token,
                    digest=digest,
                    command_id=command_id,
                    return_url=asked.return_url,
                    instead=instead,
                    tries=self._context.settings.orders_pay_tries,
                    now=self._context.clock.now(),
                )
        return await self._go_on(operation.id)

    async def proceed(self, order_id: OrderId) -> PaymentDue:
        """The buyer is back from the bank. Raises PaymentNotDue."""
        return await self._go_on((await self._asking(order_id)).id)

    async def leave(self, order_id: OrderId, *, command_id: CommandId, actor: str) -> PaymentDue:
        """The order stays as it is. Raises PaymentNotDue, OrderBusy."""
        async with self._database.reading() as connection:
            operation = await asking.find_last_asked(connection, order_id)
        if operation is None or operation.state == "partial":
            raise PaymentNotDue
        detail = "The buyer keeps the order as it is"
        if operation.asks_buyer:
            ended = await self.give_up(operation, command_id=command_id, detail=detail, by=actor)
        else:
            ended = await self._ended_by(operation, command_id, actor)
        return await self._due(ended)

    async def _ended_by(self, operation: Operation, command_id: CommandId, actor: str) -> Operation:
        try:
            return await self._driver.reopen(
                operation.id, "undoing", command_id=command_id, actor=actor
            )
        except OperationNotPartial as error:
            raise PaymentNotDue from error

    async def give_up(
        self, operation: Operation, *, command_id: CommandId, detail: str, by: str
    ) -> Operation:
        """An operation that waits for its buyer, or for their bank, is undone. Raises OrderBusy
        while a card is being charged."""
        if operation.payment_token is not None and await self._at_bank(operation) is None:
            raise OrderBusy("The payment is being taken at this moment: look again shortly")
        try:
            return await self._driver.reopen(
                operation.id,
                "undoing",
                command_id=command_id,
                actor=by,
                detail=detail,
                token=operation.payment_token,
            )
        except OperationNotPartial as error:
            raise OrderBusy from error

    async def _answered(self, order_id: OrderId, command_id: CommandId) -> Operation | None:
        async with self._database.reading() as connection:
            return await asking.find_answered(connection, order_id, command_id)

    async def _asking(self, order_id: OrderId) -> Operation:
        async with self._database.reading() as connection:
            found = await asking.find_asking(connection, order_id)
        if found is None:
            raise PaymentNotDue
        return found

    async def _go_on(self, id: OperationId) -> PaymentDue:
        async with self._database.work() as uow:
            await operations.make_due(uow.connection, id, now=self._context.clock.now())
        return await self._due(await self._driver.go_on(id))

    async def _due(self, operation: Operation) -> PaymentDue:
        payment = await self._at_bank(operation)
        refused = operation.failure_detail if operation.state == "running" else None
        return PaymentDue(
            operation_id=operation.id,
            kind=operation.kind,
            state=operation.state,
            amount=Money.model_validate(operation.plan["charge"]),
            action_url=payment.action_url if payment else None,
            until=deadline(self._context, operation),
            declined=refused,
            tries_left=tries_left(self._context, operation),
            lines=_paid_for(operation),
            charging=operation.asks_buyer and operation.payment_token is not None,
            failure_code=operation.failure_code,
            failure_detail=operation.failure_detail,
        )

    async def _at_bank(self, operation: Operation) -> PaymentView | None:
        """The payment by the card that was handed in last, while its bank asks about it."""
        if operation.charge_id is None or operation.state != "running":
            return None
        if operation.payment_token is None:
            return None
        found = await self._context.container.get(Payments).payment(operation.charge_id)
        if found is None or found.status != "requires_action":
            return None
        return found if found.attempt == operation.attempt else None


def _paid_for(operation: Operation) -> list[DueLine]:
    if operation.kind == "return":
        return [DueLine.model_validate(line) for line in operation.plan["exchange"]]
    titles = {line["variant_id"]: line["title"] for line in operation.plan["lines"]}
    return [
        DueLine(title=titles[variant], quantity=units)
        for variant, units in operation.plan["more"]
        if variant in titles
    ]

"""Driving operations to their end, whoever began them: recorded first, leased, resumed."""

import hashlib
import random
from collections.abc import Mapping
from datetime import timedelta

from pydantic import BaseModel

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.backbone.telemetry.logs import get_logger
from bodega.commerce.orders.domain.waiting import wait_before
from bodega.commerce.orders.errors import (
    OperationKeyReused,
    OperationNotFound,
    OperationNotPartial,
    OrderBusy,
    OrderNotFound,
)
from bodega.commerce.orders.repository import operations, orders
from bodega.commerce.orders.repository.operations import Operation
from bodega.commerce.orders.service.awaiting import asked_to_pay
from bodega.commerce.orders.service.bookings import tell
from bodega.commerce.orders.service.given import book_given, given_back
from bodega.commerce.orders.service.kinds import Kind
from bodega.contracts.aftersales import OperationKind, OperationState
from bodega.kernel.errors import BodegaError, Unavailable
from bodega.kernel.ids import CommandId, OperationId, OrderId

log = get_logger(__name__)


class Driver:
    """Two drivers of one operation do no harm: others record their answers by command, and only
    the last one to lease it may write how it went."""

    def __init__(self, context: Context, kinds: Mapping[OperationKind, Kind]) -> None:
        self._context = context
        self._database = context.database
        self._clock = context.clock
        self._lease = timedelta(seconds=context.settings.orders_lease_seconds)
        self._kinds = kinds

    async def perform(
        self,
        kind: OperationKind,
        *,
        id: OperationId,
        order_id: OrderId,
        request: BaseModel,
        actor: str,
    ) -> Operation:
        """Begin it and drive it; the same id again goes on with it, or answers how it ended."""
        asked = _fingerprint(kind, order_id, request)
        known = await self.find(id)
        if known is None:
            begun = await self._begin(
                kind, id=id, order_id=order_id, request=request, actor=actor, asked=asked
            )
            if begun is not None:
                return await self._drive(begun)
            known = await self.find(id)
        if known is None:
            raise OrderBusy
        if known.fingerprint != asked:
            raise OperationKeyReused
        taken = await self._take(id)
        return await self._drive(taken) if taken else known

    async def reopen(
        self,
        id: OperationId,
        after: OperationState,
        *,
        command_id: CommandId,
        actor: str,
        detail: str | None = None,
        token: str | None = None,
    ) -> Operation:
        """Go on with a partial operation: another try, or the way back; or give one up that waits
        for its buyer. The same command again changes nothing. Raises OperationNotFound,
        OperationNotPartial."""
        taken: list[Operation] = []

        async def begin() -> None:
            until = self._clock.now() + self._lease
            opened = await operations.reopen(
                uow.connection, id, after, until=until, detail=detail, token=token
            )
            if opened is None:
                raise OperationNotPartial if await self.find(id) else OperationNotFound
            taken.append(opened)

        async with self._database.work(actor=actor) as uow:
            await uow.once(command_id, "orders.reopen", type(None), begin)
        if taken:
            return await self._drive(taken[0])
        known = await self.find(id)
        assert known is not None
        return known

    async def go_on(self, id: OperationId) -> Operation:
        """Drive it now if nobody does; how it stands. Raises OperationNotFound."""
        taken = await self._take(id)
        known = await self._drive(taken) if taken else await self.find(id)
        if known is None:
            raise OperationNotFound
        return known

    async def resume(self) -> int:
        """Go on with every operation whose driver is gone or whose provider was away; how many."""
        count = 0
        while (operation := await self._take()) is not None:
            count += 1
            try:
                ended = await self._drive(operation)
                log.info("operation_resumed", operation=str(operation.id), state=ended.state)
            except Exception as error:
                await self._postpone(operation)
                log.error("operation_stuck", operation=str(operation.id), exc_info=error)
        return count

    async def find(self, id: OperationId) -> Operation | None:
        async with self._database.reading() as connection:
            return await operations.find_operation(connection, id)

    async def _begin(
        self,
        kind: OperationKind,
        *,
        id: OperationId,
        order_id: OrderId,
        request: BaseModel,
        actor: str,
        asked: bytes,
    ) -> Operation | None:
        async with self._database.work(actor=actor) as uow:
            order = await orders.lock_order(uow.connection, order_id)
            if order is None:
                raise OrderNotFound
            planned = await self._kinds[kind].plan(uow, order, request, id)
            begun = await operations.insert_operation(
                uow.connection,
                id=id,
                order_id=order_id,
                kind=kind,
                fingerprint=asked,
                plan=operations.as_json(planned.plan.model_dump_json()),
                payment_token=planned.payment_token,
                reference=planned.reference,
                actor=actor,
                leased_until=self._clock.now() + self._lease,
            )
            if begun is not None and begun.asks_buyer:
                told = asked_to_pay(self._context, begun)
                uow.emit(told)
                await tell(uow, order, "payment_asked", str(told.amount), begun.id)
            return begun

    async def _drive(self, operation: Operation) -> Operation:
        kind = self._kinds[operation.kind]
        try:
            if operation.state == "running":
                try:
                    await kind.run(operation)
                except Unavailable:
                    raise
                except BodegaError as error:
                    operation = await self._refused(operation, error)
                else:
                    return await self._finish(kind, operation)
            if operation.state == "undoing":
                await kind.undo(operation)
                operation = await self._fail(operation)
        except Unavailable as error:
            log.warning("operation_waits", operation=str(operation.id), reason=error.code)
            await self._postpone(operation)
            return await self._again(operation)
        return operation

    async def _finish(self, kind: Kind, operation: Operation) -> Operation:
        async with self._database.work(actor=operation.actor) as uow:
            order = await orders.lock_order(uow.connection, operation.order_id)
            assert order is not None
            ended = await operations.move_operation(
                uow.connection, operation, "done", now=self._clock.now()
            )
            if ended is not None:
                await kind.finish(uow, operation, order)
                await self._warn(uow, operation)
        return ended or await self._again(operation)

    async def _warn(self, uow: UnitOfWork, operation: Operation) -> None:
        """What staff passed with it stays in the order's history."""
        if not operation.warnings:
            return
        order = await orders.lock_order(uow.connection, operation.order_id)
        assert order is not None
        await tell(uow, order, "limit_passed", "; ".join(operation.warnings), operation.id)

    async def _refused(self, operation: Operation, error: BodegaError) -> Operation:
        """It cannot be done: what was done of it is undone from here on. Money that went back does
        not come again, so then it rests until staff decide."""
        given = await given_back(self._context, operation)
        after: OperationState = "partial" if given else "undoing"
        detail = f"{given} went back. {error.detail}" if given else error.detail
        async with self._database.work(actor=operation.actor) as uow:
            turned = await operations.move_operation(
                uow.connection,
                operation,
                after,
                now=self._clock.now(),
                code=error.code,
                detail=detail,
            )
        return turned or await self._again(operation)

    async def _fail(self, operation: Operation) -> Operation:
        given = await given_back(self._context, operation)
        async with self._database.work(actor=operation.actor) as uow:
            order = await orders.lock_order(uow.connection, operation.order_id)
            assert order is not None
            ended = await operations.move_operation(
                uow.connection, operation, "failed", now=self._clock.now()
            )
            if ended is not None and given is not None:
                await book_given(self._context, uow, ended, order, given)
        return ended or await self._again(operation)

    async def _take(self, id: OperationId | None = None) -> Operation | None:
        now = self._clock.now()
        async with self._database.work() as uow:
            return await operations.lease(uow.connection, now=now, until=now + self._lease, id=id)

    async def _postpone(self, operation: Operation) -> None:
        until = self._clock.now() + wait_before(operation.attempts, random.random())
        async with self._database.work() as uow:
            await operations.postpone(uow.connection, operation, until=until)

    async def _again(self, operation: Operation) -> Operation:
        return await self.find(operation.id) or operation


def _fingerprint(kind: OperationKind, order_id: OrderId, request: BaseModel) -> bytes:
    return hashlib.sha256(f"{kind}\n{order_id}\n{request.model_dump_json()}".encode()).digest()

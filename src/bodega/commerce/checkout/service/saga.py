"""Drives a saga from wherever it stands: to its end, to a wait, or as far as others answer."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.backbone.telemetry.logs import get_logger
from bodega.commerce.checkout import repository
from bodega.commerce.checkout.domain import Failure, Wait, failed_by, wait_before
from bodega.commerce.checkout.errors import BuyerGone, CheckoutCancelled, ReviewRefused
from bodega.commerce.checkout.repository import Saga
from bodega.commerce.checkout.service.driver import Driver, LeaseLapsed
from bodega.contracts.checkout import CheckoutCompleted, CheckoutFailed, CheckoutHeld, TakenUnits
from bodega.contracts.orders import PlacedOrder
from bodega.contracts.payments import Payments
from bodega.kernel.errors import Unavailable
from bodega.kernel.ids import CheckoutId

log = get_logger(__name__)

_LOOK_AGAIN = timedelta(seconds=20)
_TROUBLE = 300


class SagaRunner:
    """Several may be at the same saga: participants remember, and one of them writes each move."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._database = context.database
        self._clock = context.clock
        settings = context.settings
        self._lease = timedelta(seconds=settings.checkout_lease_seconds)
        self._patience = {
            "buyer": timedelta(minutes=settings.checkout_buyer_minutes),
            "review": timedelta(hours=settings.checkout_review_hours),
        }

    async def find(self, checkout_id: CheckoutId) -> Saga | None:
        async with self._database.reading() as connection:
            return await repository.find_saga(connection, checkout_id)

    async def again(self, saga: Saga) -> Saga:
        return await self.find(saga.id) or saga

    async def take(self, checkout_id: CheckoutId | None = None) -> Saga | None:
        now = self._clock.now()
        async with self._database.work() as uow:
            return await repository.lease(
                uow, now=now, until=now + self._lease, checkout_id=checkout_id
            )

    async def postpone(self, saga: Saga, *, trouble: str) -> None:
        until = self._clock.now() + wait_before(saga.attempts, random.random())
        async with self._database.work() as uow:
            await repository.postpone(
                uow.connection, saga.id, until=until, trouble=trouble[:_TROUBLE]
            )

    async def drive(self, saga: Saga) -> Saga:
        """To its end, to a wait, or as far as the provider can be reached."""
        try:
            if saga.state == "waiting":
                saga = await self._look(saga)
            if saga.state == "running":
                saga = await self._forward(saga)
            if saga.state == "undoing":
                await Driver(self._context, saga).undo()
                saga = await self._fail(saga)
        except Unavailable as error:
            log.warning("checkout_waits", checkout_id=str(saga.id), reason=error.code)
            await self._hold_on(saga)
            await self.postpone(saga, trouble=f"{error.code}: {error.detail}")
            return await self.again(saga)
        except LeaseLapsed:
            log.warning("checkout_lease_lapsed", checkout_id=str(saga.id))
            return await self.again(saga)
        return saga

    async def _hold_on(self, saga: Saga) -> None:
        if saga.state == "running":
            await Driver(self._context, saga).hold_on()

    async def _forward(self, saga: Saga) -> Saga:
        if saga.stop_requested and not await self._being_paid(saga):
            return await self._begin_undo(saga, failed_by(CheckoutCancelled))
        if saga.review == "refused":
            return await self._begin_undo(saga, failed_by(ReviewRefused))
        driver = Driver(self._context, saga)
        outcome = await driver.forward()
        if isinstance(outcome, Failure):
            return await self._begin_undo(saga, outcome)
        if isinstance(outcome, Wait):
            return await self._begin_wait(saga, outcome, driver.placed)
        assert driver.placed is not None
        return await self._complete(saga, driver.placed)

    async def _being_paid(self, saga: Saga) -> bool:
        """Once its money is being taken a checkout ends well, and is cancelled as an order: an
        invoice may be written already."""
        payment = await self._context.container.get(Payments).payment(checkout_id=saga.id)
        return payment is not None and payment.status in ("capturing", "captured")

    async def _look(self, saga: Saga) -> Saga:
        """Whether what a waiting one waits for has come, or will not come any more."""
        if saga.stop_requested:
            return await self._begin_undo(saga, failed_by(CheckoutCancelled))
        assert saga.waits_until is not None
        over = self._clock.now() >= saga.waits_until
        if saga.waiting_for == "review":
            return await (
                self._begin_undo(saga, failed_by(ReviewRefused)) if over else self._rest(saga)
            )
        payment = await self._context.container.get(Payments).confirm(checkout_id=saga.id)
        if payment.status != "requires_action":
            return await self._go_on(saga)
        return await (self._begin_undo(saga, failed_by(BuyerGone)) if over else self._rest(saga))

    async def _rest(self, saga: Saga) -> Saga:
        assert saga.waits_until is not None
        look_at = saga.waits_until
        if saga.waiting_for == "buyer":
            look_at = min(look_at, self._clock.now() + _LOOK_AGAIN)
        async with self._database.work() as uow:
            await repository.postpone(uow.connection, saga.id, until=look_at)
        return await self.again(saga)

    async def _begin_wait(self, saga: Saga, wait: Wait, placed: PlacedOrder | None) -> Saga:
        now = self._clock.now()
        until = now + self._patience[wait.waiting_for]
        look_at = now + _LOOK_AGAIN if wait.waiting_for == "buyer" else until
        async with self._work(saga) as uow:
            waiting = await repository.begin_wait(
                uow.connection, saga, wait, until=until, look_at=look_at, placed=placed
            )
            if waiting is not None and placed is not None:
                uow.emit(
                    CheckoutHeld(
                        checkout_id=saga.id,
                        cart_id=saga.cart_id,
                        order_id=placed.order_id,
                        units=_taken(saga),
                    )
                )
        return waiting or await self.again(saga)

    async def _go_on(self, saga: Saga) -> Saga:
        """Running again, in our hands or in another's."""
        async with self._work(saga) as uow:
            running = await repository.go_on(
                uow.connection, saga.id, until=self._clock.now() + self._lease
            )
        if running is not None:
            return running
        raise LeaseLapsed

    async def _complete(self, saga: Saga, placed: PlacedOrder) -> Saga:
        async with self._work(saga) as uow:
            ended = await repository.complete(
                uow.connection, saga.id, placed=placed, now=self._clock.now()
            )
            if ended is not None:
                uow.emit(
                    CheckoutCompleted(
                        checkout_id=saga.id,
                        cart_id=saga.cart_id,
                        order_id=placed.order_id,
                        units=_taken(saga),
                    )
                )
        return ended or await self.again(saga)

    async def _begin_undo(self, saga: Saga, failure: Failure) -> Saga:
        async with self._work(saga) as uow:
            undoing = await repository.begin_undo(
                uow.connection,
                saga.id,
                failure,
                before=saga.state,
                until=self._clock.now() + self._lease,
            )
        return undoing or await self.again(saga)

    async def _fail(self, saga: Saga) -> Saga:
        async with self._work(saga) as uow:
            ended = await repository.fail(uow.connection, saga.id, now=self._clock.now())
            if ended is not None:
                code = ended.failure_code or "undone"
                uow.emit(
                    CheckoutFailed(checkout_id=saga.id, cart_id=saga.cart_id, failure_code=code)
                )
        return ended or await self.again(saga)

    @asynccontextmanager
    async def _work(self, saga: Saga) -> AsyncIterator[UnitOfWork]:
        actor = f"customer:{saga.customer_id}" if saga.customer_id else "anonymous"
        async with self._database.work(actor=actor) as uow:
            yield uow


def _taken(saga: Saga) -> list[TakenUnits]:
    return [
        TakenUnits(variant_id=line.variant_id, quantity=line.quantity)
        for line in saga.offer.lines
        if line.variant_id is not None
    ]

"""The doors of checkout: submit, come back, review, look, resume."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

from bodega.backbone.module import Context
from bodega.backbone.telemetry.logs import get_logger
from bodega.commerce.checkout import repository
from bodega.commerce.checkout.domain import driven
from bodega.commerce.checkout.errors import (
    CheckoutKeyReused,
    CheckoutNotFound,
    NotInReview,
    ReviewDecided,
)
from bodega.commerce.checkout.repository import Saga
from bodega.commerce.checkout.service.limiting import allowances, check_limits
from bodega.commerce.checkout.service.offering import offer_for
from bodega.commerce.checkout.service.paying import check_method
from bodega.commerce.checkout.service.saga import SagaRunner
from bodega.commerce.checkout.service.screening import screen
from bodega.commerce.checkout.service.starting import busy, fingerprint
from bodega.contracts.checkout import (
    CartCheckout,
    CheckoutRequest,
    CheckoutReviewed,
    CheckoutView,
    HeldCheckout,
)
from bodega.kernel.ids import CartId, CheckoutId, UserId, VariantId
from bodega.kernel.page import Page, PageRequest, encode_cursor
from bodega.kernel.quantity import PurchaseLimit

log = get_logger(__name__)

_LOOK_EVERY = 0.05
_RESUMED_AT_ONCE = 4


class CheckoutService:
    """Answers `bodega.contracts.checkout.Checkouts`."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._database = context.database
        self._clock = context.clock
        self._lease = timedelta(seconds=context.settings.checkout_lease_seconds)
        self._runner = SagaRunner(context)

    async def checkout(self, checkout_id: CheckoutId) -> CheckoutView | None:
        saga = await self._runner.find(checkout_id)
        return saga.view() if saga else None

    async def of_cart(self, cart_id: CartId) -> CartCheckout | None:
        async with self._database.reading() as connection:
            return await repository.fate_of_cart(connection, cart_id)

    async def allowances(
        self,
        *,
        customer_id: UserId,
        limits: Mapping[VariantId, PurchaseLimit],
        beside: CartId | None = None,
    ) -> dict[VariantId, int]:
        async with self._database.reading() as connection:
            return await allowances(
                self._context, connection, limits, customer_id=customer_id, beside=beside
            )

    async def submit(
        self,
        *,
        checkout_id: CheckoutId,
        request: CheckoutRequest,
        customer_id: UserId | None,
    ) -> CheckoutView:
        known = await self._runner.find(checkout_id)
        if known is None:
            known = await self._start(checkout_id, request, customer_id)
            if known is not None:
                return (await self._runner.drive(known)).view()
            known = await self._runner.find(checkout_id)
        if known is None:
            raise await busy(self._context, request)
        if known.fingerprint != fingerprint(request, customer_id):
            raise CheckoutKeyReused
        return (await self._follow(known)).view()

    async def proceed(self, checkout_id: CheckoutId) -> CheckoutView | None:
        saga = await self._runner.find(checkout_id)
        if saga is None:
            return None
        if saga.state == "waiting":
            saga = await self._runner.drive(saga)
        return (await self._follow(saga)).view()

    async def abandon(self, checkout_id: CheckoutId) -> CheckoutView | None:
        saga = await self._runner.find(checkout_id)
        if saga is None:
            return None
        if saga.state == "waiting" and saga.waiting_for == "buyer":
            async with self._database.work() as uow:
                await repository.request_stop(uow.connection, saga.id, now=self._clock.now())
            saga = await self._runner.drive(await self._runner.again(saga))
        return (await self._follow(saga)).view()

    async def review(
        self, checkout_id: CheckoutId, *, accept: bool, reviewer: UserId, note: str
    ) -> CheckoutView:
        async with self._database.work(actor=f"user:{reviewer}") as uow:
            decided = await repository.decide(
                uow.connection,
                checkout_id,
                accept=accept,
                reviewer=reviewer,
                note=note,
                now=self._clock.now(),
                until=self._clock.now() + self._lease,
            )
            if decided is not None:
                uow.emit(
                    CheckoutReviewed(checkout_id=checkout_id, reviewer=reviewer, accepted=accept)
                )
        if decided is not None:
            return (await self._runner.drive(decided)).view()
        return (await self._reviewed(checkout_id, accept=accept)).view()

    async def _reviewed(self, checkout_id: CheckoutId, *, accept: bool) -> Saga:
        """A decision that was taken before, if it was the same."""
        saga = await self._runner.find(checkout_id)
        if saga is None:
            raise CheckoutNotFound
        if saga.review is None:
            raise NotInReview
        if saga.review != ("accepted" if accept else "refused"):
            raise ReviewDecided(f"This checkout was {saga.review} already")
        return await self._follow(saga)

    async def held(self, page: PageRequest) -> Page[HeldCheckout]:
        async with self._database.reading() as connection:
            found = await repository.held_sagas(
                connection, limit=page.limit + 1, after=page.after_instant()
            )
        shown = found[: page.limit]
        more = len(found) > page.limit
        cursor = encode_cursor(shown[-1].started_at.isoformat(), shown[-1].id) if more else None
        return Page(items=shown, next_cursor=cursor)

    async def resume(self) -> int:
        """Go on with sagas whose driver is gone, whose provider was away, or whose time to wait is
        over; how many."""
        first = await self._runner.take()
        if first is None:
            return 0
        beside = (self._resume() for _ in range(_RESUMED_AT_ONCE - 1))
        return sum(await asyncio.gather(self._resume(first), *beside))

    async def _resume(self, saga: Saga | None = None) -> int:
        """Beginning with the one that is taken already."""
        saga, count = saga or await self._runner.take(), 0
        while saga is not None:
            count += 1
            try:
                ended = await self._runner.drive(saga)
                log.info("checkout_resumed", checkout_id=str(saga.id), state=ended.state)
            except Exception as error:
                await self._runner.postpone(saga, trouble=f"{type(error).__name__}: {error}")
                log.error("checkout_stuck", checkout_id=str(saga.id), exc_info=error)
            saga = await self._runner.take()
        return count

    async def _start(
        self, checkout_id: CheckoutId, request: CheckoutRequest, customer_id: UserId | None
    ) -> Saga | None:
        """The saga, begun over what the cart shows at this moment; None when it cannot be."""
        await check_method(self._context, request, customer_id)
        offer = await offer_for(self._context, request, customer_id)
        score = await screen(
            self._context,
            checkout_id=checkout_id,
            request=request,
            customer_id=customer_id,
            offer=offer,
        )
        async with self._database.work() as uow:
            await check_limits(
                self._context, uow, offer=offer, request=request, customer_id=customer_id
            )
            return await repository.insert_saga(
                uow,
                checkout_id=checkout_id,
                request=request,
                customer_id=customer_id,
                fingerprint=fingerprint(request, customer_id),
                offer=offer,
                fraud=score,
                leased_until=self._clock.now() + self._lease,
            )

    async def _follow(self, saga: Saga) -> Saga:
        """Wait for whoever drives it, or drive it when nobody does."""
        patience = self._lease.total_seconds()
        while driven(saga.state) and patience > 0:
            taken = await self._runner.take(saga.id)
            if taken is not None:
                return await self._runner.drive(taken)
            await asyncio.sleep(_LOOK_EVERY)
            patience -= _LOOK_EVERY
            saga = await self._runner.again(saga)
        return saga

"""Use cases of checkout: submit a cart, drive its saga, resume what others left."""

import asyncio
import hashlib
import random
from datetime import timedelta

from bodega.backbone.module import Context
from bodega.backbone.telemetry.logs import get_logger
from bodega.commerce.checkout import repository
from bodega.commerce.checkout.domain import (
    Failure,
    Step,
    Undo,
    command,
    declined,
    live,
    not_captured,
    out_of_stock,
    wait_before,
)
from bodega.commerce.checkout.errors import (
    CartEmpty,
    CartInCheckout,
    CartNotFound,
    CartOrdered,
    CheckoutKeyReused,
    VariantUnavailable,
)
from bodega.commerce.checkout.repository import Saga
from bodega.contracts.cart import Carts, CartView
from bodega.contracts.catalog import Catalog
from bodega.contracts.checkout import (
    CheckoutCompleted,
    CheckoutFailed,
    CheckoutRequest,
    CheckoutView,
)
from bodega.contracts.inventory import Inventory, ReservationLine
from bodega.contracts.orders import OrderLine, Orders, PlacedOrder, PlaceOrder
from bodega.contracts.payments import Payments
from bodega.kernel.errors import Unavailable
from bodega.kernel.ids import CheckoutId, UserId

log = get_logger(__name__)

_LOOK_EVERY = 0.05
_RESUMED_AT_ONCE = 4


def fingerprint(request: CheckoutRequest, customer_id: UserId | None) -> bytes:
    """What the same checkout id must come with again."""
    return hashlib.sha256(f"{customer_id}\n{request.model_dump_json()}".encode()).digest()


def order_lines(cart: CartView) -> list[OrderLine]:
    """What the cart shows, as it will stand in the order."""
    return [
        OrderLine(
            product_id=line.product_id,
            variant_id=line.variant_id,
            sku=line.sku,
            title=line.title,
            quantity=line.quantity,
            unit_price=line.unit_price,
            total=line.total,
        )
        for line in cart.lines
    ]


class Driver:
    """Brings one saga to its end by calling the participants; every call may be made again."""

    def __init__(self, context: Context, saga: Saga) -> None:
        self._inventory = context.container.get(Inventory)
        self._payments = context.container.get(Payments)
        self._orders = context.container.get(Orders)
        self._saga = saga
        self.placed: PlacedOrder | None = None

    async def forward(self) -> Failure | None:
        """None once all is done; the failure of the first step that cannot be done."""
        steps = {
            Step.RESERVE: self._reserve,
            Step.AUTHORISE: self._authorise,
            Step.ALLOCATE: self._allocate,
            Step.PLACE: self._place,
            Step.CAPTURE: self._capture,
        }
        for step in Step:
            failure = await steps[step]()
            if failure is not None:
                return failure
        return None

    async def undo(self) -> None:
        """Undo whatever was done, and nothing that was not."""
        saga = self._saga
        await self._orders.cancel(
            command_id=command(saga.id, Undo.CANCEL),
            checkout_id=saga.id,
            reason=saga.failure_code or "undone",
        )
        await self._inventory.release(
            command_id=command(saga.id, Undo.RELEASE), checkout_id=saga.id
        )
        await self._payments.void(checkout_id=saga.id)

    async def _reserve(self) -> Failure | None:
        saga = self._saga
        lines = [
            ReservationLine(variant_id=line.variant_id, quantity=line.quantity)
            for line in saga.lines
            if line.variant_id is not None
        ]
        reserved = await self._inventory.reserve(
            command_id=command(saga.id, Step.RESERVE), checkout_id=saga.id, lines=lines
        )
        if reserved.ok:
            return None
        return out_of_stock(line.title for line in saga.lines if line.variant_id in reserved.short)

    async def _authorise(self) -> Failure | None:
        saga = self._saga
        payment = await self._payments.authorise(
            checkout_id=saga.id, amount=saga.total, payment_token=saga.token or ""
        )
        if payment.status in ("authorised", "capturing", "captured"):
            return None
        return declined(payment.failure_code)

    async def _allocate(self) -> Failure | None:
        saga = self._saga
        taken = await self._inventory.allocate(
            command_id=command(saga.id, Step.ALLOCATE), checkout_id=saga.id
        )
        return None if taken else out_of_stock(line.title for line in saga.lines)

    async def _place(self) -> Failure | None:
        saga = self._saga
        assert saga.email is not None
        assert saga.address is not None
        request = PlaceOrder(
            checkout_id=saga.id,
            cart_id=saga.cart_id,
            customer_id=saga.customer_id,
            email=saga.email,
            shipping_address=saga.address,
            lines=list(saga.lines),
            total=saga.total,
        )
        self.placed = await self._orders.place(
            command_id=command(saga.id, Step.PLACE), request=request
        )
        return None

    async def _capture(self) -> Failure | None:
        payment = await self._payments.capture(checkout_id=self._saga.id)
        return None if payment.status == "captured" else not_captured()


class CheckoutService:
    """Answers `bodega.contracts.checkout.Checkouts`."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._database = context.database
        self._clock = context.clock
        self._lease = timedelta(seconds=context.settings.checkout_lease_seconds)

    async def checkout(self, checkout_id: CheckoutId) -> CheckoutView | None:
        saga = await self._find(checkout_id)
        return saga.view() if saga else None

    async def submit(
        self,
        *,
        checkout_id: CheckoutId,
        request: CheckoutRequest,
        customer_id: UserId | None,
    ) -> CheckoutView:
        known = await self._find(checkout_id)
        if known is None:
            known = await self._start(checkout_id, request, customer_id)
            if known is not None:
                return (await self._drive(known)).view()
            known = await self._find(checkout_id)
        if known is None:
            raise await self._busy(request)
        if known.fingerprint != fingerprint(request, customer_id):
            raise CheckoutKeyReused
        return (await self._follow(known)).view()

    async def resume(self) -> int:
        """Finish or undo sagas whose driver is gone or whose provider was away; how many."""
        counts = await asyncio.gather(*(self._resume() for _ in range(_RESUMED_AT_ONCE)))
        return sum(counts)

    async def _resume(self) -> int:
        count = 0
        while (saga := await self._take()) is not None:
            count += 1
            try:
                ended = await self._drive(saga)
                log.info("checkout_resumed", checkout_id=str(saga.id), state=ended.state)
            except Exception as error:
                await self._postpone(saga)
                log.error("checkout_stuck", checkout_id=str(saga.id), exc_info=error)
        return count

    async def _start(
        self, checkout_id: CheckoutId, request: CheckoutRequest, customer_id: UserId | None
    ) -> Saga | None:
        """The saga, begun over what the cart shows at this moment; None when it cannot be."""
        cart = await self._cart(request, customer_id)
        async with self._database.work(actor=_actor(customer_id)) as uow:
            return await repository.insert_saga(
                uow.connection,
                checkout_id=checkout_id,
                request=request,
                customer_id=customer_id,
                fingerprint=fingerprint(request, customer_id),
                lines=order_lines(cart),
                total=cart.total,
                leased_until=self._clock.now() + self._lease,
            )

    async def _cart(self, request: CheckoutRequest, customer_id: UserId | None) -> CartView:
        """Raises CartNotFound, CartEmpty, CartOrdered, VariantUnavailable."""
        cart = await self._context.container.get(Carts).cart(
            request.cart_id, customer_id=customer_id
        )
        if cart is None:
            raise CartNotFound
        if cart.status != "open":
            raise CartOrdered
        if not cart.lines:
            raise CartEmpty
        await self._check_sold(cart)
        return cart

    async def _check_sold(self, cart: CartView) -> None:
        known = await self._context.container.get(Catalog).sellable(
            [line.variant_id for line in cart.lines]
        )
        gone = [
            line.title
            for line in cart.lines
            if line.total.currency != cart.currency
            or line.variant_id not in known
            or not known[line.variant_id].active
        ]
        if gone:
            raise VariantUnavailable(f"No longer sold: {', '.join(gone)}")

    async def _busy(self, request: CheckoutRequest) -> CartInCheckout | CartOrdered:
        async with self._database.reading() as connection:
            other = await repository.find_of_cart(connection, request.cart_id)
        return CartOrdered() if other and other.state == "completed" else CartInCheckout()

    async def _follow(self, saga: Saga) -> Saga:
        """Wait for whoever drives it, or drive it when nobody does."""
        patience = self._lease.total_seconds()
        while live(saga.state) and patience > 0:
            taken = await self._take(saga.id)
            if taken is not None:
                return await self._drive(taken)
            await asyncio.sleep(_LOOK_EVERY)
            patience -= _LOOK_EVERY
            saga = await self._again(saga)
        return saga

    async def _drive(self, saga: Saga) -> Saga:
        """To its end, or as far as the provider can be reached."""
        try:
            if saga.state == "running":
                driver = Driver(self._context, saga)
                failure = await driver.forward()
                if failure is None:
                    assert driver.placed is not None
                    return await self._complete(saga, driver.placed)
                saga = await self._begin_undo(saga, failure)
            if saga.state == "undoing":
                await Driver(self._context, saga).undo()
                saga = await self._fail(saga)
        except Unavailable as error:
            log.warning("checkout_waits", checkout_id=str(saga.id), reason=error.code)
            await self._postpone(saga)
            return await self._again(saga)
        return saga

    async def _complete(self, saga: Saga, placed: PlacedOrder) -> Saga:
        async with self._database.work(actor=_actor(saga.customer_id)) as uow:
            ended = await repository.complete(
                uow.connection,
                saga.id,
                order_id=placed.order_id,
                number=placed.number,
                now=self._clock.now(),
            )
            if ended is not None:
                uow.emit(
                    CheckoutCompleted(
                        checkout_id=saga.id, cart_id=saga.cart_id, order_id=placed.order_id
                    )
                )
        return ended or await self._again(saga)

    async def _begin_undo(self, saga: Saga, failure: Failure) -> Saga:
        async with self._database.work(actor=_actor(saga.customer_id)) as uow:
            undoing = await repository.begin_undo(
                uow.connection, saga.id, failure, until=self._clock.now() + self._lease
            )
        return undoing or await self._again(saga)

    async def _fail(self, saga: Saga) -> Saga:
        async with self._database.work(actor=_actor(saga.customer_id)) as uow:
            ended = await repository.fail(uow.connection, saga.id, now=self._clock.now())
            if ended is not None:
                code = ended.failure_code or "undone"
                uow.emit(
                    CheckoutFailed(checkout_id=saga.id, cart_id=saga.cart_id, failure_code=code)
                )
        return ended or await self._again(saga)

    async def _take(self, checkout_id: CheckoutId | None = None) -> Saga | None:
        now = self._clock.now()
        async with self._database.work() as uow:
            return await repository.lease(
                uow.connection, now=now, until=now + self._lease, checkout_id=checkout_id
            )

    async def _postpone(self, saga: Saga) -> None:
        until = self._clock.now() + wait_before(saga.attempts, random.random())
        async with self._database.work() as uow:
            await repository.postpone(uow.connection, saga.id, until=until)

    async def _find(self, checkout_id: CheckoutId) -> Saga | None:
        async with self._database.reading() as connection:
            return await repository.find_saga(connection, checkout_id)

    async def _again(self, saga: Saga) -> Saga:
        return await self._find(saga.id) or saga


def _actor(customer_id: UserId | None) -> str:
    return f"customer:{customer_id}" if customer_id else "anonymous"

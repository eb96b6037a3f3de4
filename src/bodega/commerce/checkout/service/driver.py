"""Brings one saga on by calling the participants; every call may be made again."""

from datetime import timedelta

from bodega.backbone.module import Context
from bodega.backbone.telemetry.metrics import CHECKOUT_STEP_SECONDS
from bodega.commerce.checkout.domain import (
    Failure,
    Step,
    Undo,
    Wait,
    command,
    declined,
    failed_by,
    out_of_stock,
)
from bodega.commerce.checkout.errors import PaymentNotCaptured, PromotionUsedUp, PurchaseRefused
from bodega.commerce.checkout.repository import Saga
from bodega.contracts.inventory import Inventory, ReservationLine
from bodega.contracts.orders import Orders, PlacedOrder, PlaceOrder
from bodega.contracts.payments import Payments
from bodega.contracts.pricing import Pricing


class LeaseLapsed(Exception):
    """Another process may have taken the saga over: this one begins no further step."""


class Driver:
    def __init__(self, context: Context, saga: Saga) -> None:
        self._container = context.container
        self._clock = context.clock
        self._buyer_may_take = timedelta(minutes=context.settings.checkout_buyer_minutes)
        self._inventory = context.container.get(Inventory)
        self._payments = context.container.get(Payments)
        self._orders = context.container.get(Orders)
        self._saga = saga
        self.placed: PlacedOrder | None = None

    async def forward(self) -> Failure | Wait | None:
        """None once all is done; else the failure of the first step that cannot be done, or whom
        it waits for. Raises LeaseLapsed."""
        steps = {
            Step.SCREEN: self._screen,
            Step.REDEEM: self._redeem,
            Step.RESERVE: self._reserve,
            Step.AUTHORISE: self._authorise,
            Step.ALLOCATE: self._allocate,
            Step.PLACE: self._place,
            Step.CAPTURE: self._capture,
        }
        for step in Step:
            if self._clock.now() >= self._saga.leased_until:
                raise LeaseLapsed
            with CHECKOUT_STEP_SECONDS.labels(step.value).time():
                outcome = await steps[step]()
            if outcome is not None:
                return outcome
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
        if saga.offer.basket is not None:
            await self._container.get(Pricing).release(
                command_id=command(saga.id, Undo.GIVE_BACK), checkout_id=saga.id
            )
        await self._payments.void(checkout_id=saga.id)

    async def hold_on(self) -> None:
        """Keep the goods while a payment is in flight."""
        await self._inventory.extend(
            checkout_id=self._saga.id, until=self._clock.now() + self._buyer_may_take
        )

    async def _screen(self) -> Failure | None:
        """The score came with the offer, so whoever asks again finds the same."""
        return failed_by(PurchaseRefused) if self._saga.fraud.decision == "refuse" else None

    async def _redeem(self) -> Failure | None:
        saga = self._saga
        if saga.offer.basket is None:
            return None
        counted = await self._container.get(Pricing).redeem(
            command_id=command(saga.id, Step.REDEEM),
            checkout_id=saga.id,
            basket=saga.offer.basket,
            expected=saga.total,
        )
        return None if counted else failed_by(PromotionUsedUp)

    async def _reserve(self) -> Failure | None:
        saga = self._saga
        lines = [
            ReservationLine(variant_id=line.variant_id, quantity=line.quantity)
            for line in saga.offer.lines
            if line.variant_id is not None
        ]
        reserved = await self._inventory.reserve(
            command_id=command(saga.id, Step.RESERVE),
            checkout_id=saga.id,
            lines=lines,
            country=saga.address.country if saga.address else None,
        )
        if reserved.ok:
            return None
        return out_of_stock(
            line.title for line in saga.offer.lines if line.variant_id in reserved.short
        )

    async def _authorise(self) -> Failure | Wait | None:
        saga = self._saga
        payment = await self._payments.authorise(
            checkout_id=saga.id,
            amount=saga.total,
            payment_token=saga.token or "",
            customer_id=saga.customer_id,
            return_url=saga.return_url,
            save_method=saga.save_method,
        )
        if payment.status == "requires_action":
            await self.hold_on()
            return Wait("buyer", payment.action_url)
        if payment.status in ("authorised", "capturing", "captured"):
            return None
        return declined(payment.failure_code)

    async def _allocate(self) -> Failure | None:
        saga = self._saga
        taken = await self._inventory.allocate(
            command_id=command(saga.id, Step.ALLOCATE),
            checkout_id=saga.id,
            country=saga.address.country if saga.address else None,
        )
        goods = (line.title for line in saga.offer.lines if line.variant_id is not None)
        return None if taken else out_of_stock(goods)

    async def _place(self) -> Wait | None:
        saga = self._saga
        self.placed = await self._orders.place(
            command_id=command(saga.id, Step.PLACE), request=_order(saga)
        )
        in_doubt = saga.fraud.decision == "review" and saga.review is None
        return Wait("review") if in_doubt else None

    async def _capture(self) -> Failure | None:
        payment = await self._payments.capture(checkout_id=self._saga.id)
        return None if payment.status == "captured" else failed_by(PaymentNotCaptured)


def _order(saga: Saga) -> PlaceOrder:
    assert saga.email is not None
    assert saga.address is not None
    return PlaceOrder(
        checkout_id=saga.id,
        cart_id=saga.cart_id,
        customer_id=saga.customer_id,
        email=saga.email,
        shipping_address=saga.address,
        lines=list(saga.offer.lines),
        total=saga.total,
        billing_address=saga.billing_address,
        shipping_method_id=saga.offer.shipping_method_id,
        shipping_method=saga.offer.shipping_method,
        coupons=list(saga.offer.coupons),
        note=saga.offer.note,
    )

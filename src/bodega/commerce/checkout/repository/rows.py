"""A saga as a row of checkout.checkouts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from bodega.commerce.checkout.domain import WaitingFor
from bodega.contracts.checkout import CheckoutState, CheckoutView, HeldCheckout
from bodega.contracts.fraud import FraudScore
from bodega.contracts.orders import OrderLine
from bodega.contracts.pricing import Basket
from bodega.kernel.address import Address
from bodega.kernel.ids import CartId, CheckoutId, OrderId, ShippingMethodId, UserId, VariantId
from bodega.kernel.money import Money
from bodega.kernel.quantity import PurchaseLimit


@dataclass(frozen=True, slots=True)
class Offer:
    """What the buyer gets for how much, fixed when the saga begins. `basket` is kept when there are
    promotions whose use is to be counted; `limits`, of what one customer may buy only so many, is
    needed before it begins and not after."""

    lines: Sequence[OrderLine]
    total: Money
    basket: Basket | None = None
    shipping_method_id: ShippingMethodId | None = None
    shipping_method: str | None = None
    coupons: Sequence[str] = ()
    note: str | None = None
    limits: Mapping[VariantId, PurchaseLimit] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Saga:
    """`email`, the addresses, `token` and `note` are None once it has ended."""

    id: CheckoutId
    cart_id: CartId
    customer_id: UserId | None
    state: CheckoutState
    fingerprint: bytes
    email: str | None
    address: Address | None
    billing_address: Address | None
    token: str | None
    return_url: str | None
    save_method: bool
    offer: Offer
    fraud: FraudScore
    waiting_for: WaitingFor | None
    action_url: str | None
    waits_until: datetime | None
    review: str | None
    order_id: OrderId | None
    order_number: int | None
    failure_code: str | None
    decline_code: str | None
    failure_detail: str | None
    stop_requested: bool
    leased_until: datetime
    attempts: int

    @property
    def total(self) -> Money:
        return self.offer.total

    def view(self) -> CheckoutView:
        return CheckoutView(
            id=self.id,
            cart_id=self.cart_id,
            customer_id=self.customer_id,
            state=self.state,
            order_id=self.order_id,
            order_number=self.order_number,
            total=self.total,
            waiting_for=self.waiting_for,
            action_url=self.action_url,
            failure_code=self.failure_code,
            decline_code=self.decline_code,
            failure_detail=self.failure_detail,
        )


def saga(row: Row[Any] | None) -> Saga | None:
    return _saga(row) if row is not None else None


def _saga(row: Row[Any]) -> Saga:
    return Saga(
        id=row.id,
        cart_id=row.cart_id,
        customer_id=row.customer_id,
        state=row.state,
        fingerprint=bytes(row.fingerprint),
        email=row.email,
        address=_address(row.shipping_address),
        billing_address=_address(row.billing_address),
        token=row.payment_token,
        return_url=row.return_url,
        save_method=row.save_method,
        offer=_offer(row),
        fraud=_score(row),
        waiting_for=row.waiting_for,
        action_url=row.action_url,
        waits_until=row.waits_until,
        review=row.review,
        order_id=row.order_id,
        order_number=row.order_number,
        failure_code=row.failure_code,
        decline_code=row.decline_code,
        failure_detail=row.failure_detail,
        stop_requested=row.stop_requested,
        leased_until=row.leased_until,
        attempts=row.attempts,
    )


def _address(value: Any) -> Address | None:
    return Address.model_validate(value) if value else None


def _total(row: Row[Any]) -> Money:
    return Money(amount=row.total_amount, currency=row.total_currency)


def _offer(row: Row[Any]) -> Offer:
    return Offer(
        lines=[OrderLine.model_validate(line) for line in row.lines],
        total=_total(row),
        basket=Basket.model_validate(row.basket) if row.basket else None,
        shipping_method_id=row.shipping_method_id,
        shipping_method=row.shipping_method,
        coupons=row.coupons,
        note=row.note,
    )


def _score(row: Row[Any]) -> FraudScore:
    return FraudScore(
        score=float(row.fraud_score or 0),
        decision=row.fraud_decision,
        reasons=row.fraud_reasons,
        model=row.fraud_model or "none",
    )


def held(row: Row[Any]) -> HeldCheckout:
    """A checkout in the review queue."""
    score = _score(row)
    return HeldCheckout(
        id=row.id,
        customer_id=row.customer_id,
        order_id=row.order_id,
        order_number=row.order_number,
        total=_total(row),
        country=row.shipping_address["country"] if row.shipping_address else None,
        score=score.score,
        reasons=score.reasons,
        model=score.model,
        started_at=row.started_at,
        waits_until=row.waits_until,
    )

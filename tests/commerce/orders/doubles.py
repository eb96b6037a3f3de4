"""Stock and payments in memory, with their contracts' own rules, that can be told to fail."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from bodega.contracts.inventory import Allocation, Location, Pick, ReservationLine, Reserved
from bodega.contracts.payments import PaymentView, RefundView
from bodega.kernel.errors import Conflict, Unavailable
from bodega.kernel.ids import (
    CheckoutId,
    CommandId,
    LocationId,
    OperationId,
    PaymentId,
    RefundId,
    UserId,
    VariantId,
    new_id,
)
from bodega.kernel.money import Money

MAIN = LocationId(UUID(int=1))
SHOP = LocationId(UUID(int=2))


@dataclass
class Weather:
    """The names of calls that fail: `away` ones raise Unavailable, `lost` ones after their effect,
    `dead` ones kill the process after their effect."""

    away: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    dead: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)

    def before(self, name: str) -> None:
        self.calls.append(name)
        if name in self.away:
            raise Unavailable

    def after(self, name: str) -> None:
        if name in self.lost:
            self.lost.remove(name)
            raise Unavailable
        if name in self.dead:
            self.dead.remove(name)
            raise Killed


class Killed(Exception):
    """The process is gone here."""


@dataclass
class MemoryStock:
    """Units on hand by place, promised by order and place. Commands are remembered by id."""

    weather: Weather = field(default_factory=Weather)
    on_hand: Counter[tuple[VariantId, LocationId]] = field(default_factory=Counter)
    promised: Counter[tuple[CheckoutId, VariantId, LocationId]] = field(default_factory=Counter)
    late: Counter[VariantId] = field(default_factory=Counter)
    broken: Counter[VariantId] = field(default_factory=Counter)
    done: dict[CommandId, object] = field(default_factory=dict)
    on_strike: bool = False
    destination: str | None = None
    allocated_for: str | None = None

    def promise(
        self, checkout: CheckoutId, variant: VariantId, units: int, at: LocationId = MAIN
    ) -> None:
        self.on_hand[variant, at] += units
        self.promised[checkout, variant, at] += units

    def free(self, variant: VariantId) -> int:
        held = sum(n for (_, one, _), n in self.promised.items() if one == variant)
        return sum(n for (one, _), n in self.on_hand.items() if one == variant) - held

    async def allocations(self, checkout_id: CheckoutId) -> list[Allocation]:
        return [
            Allocation(
                variant_id=variant,
                location_id=place,
                quantity=units,
                backordered=min(units, self.late[variant]),
            )
            for (checkout, variant, place), units in self.promised.items()
            if checkout == checkout_id and units
        ]

    async def allocate_more(
        self,
        *,
        command_id: CommandId,
        checkout_id: CheckoutId,
        lines: Sequence[ReservationLine],
        country: str | None = None,
    ) -> Reserved:
        self.weather.before("allocate_more")
        self.destination = country
        if command_id not in self.done:
            short = [
                line.variant_id for line in lines if self.free(line.variant_id) < line.quantity
            ]
            if not short:
                for line in lines:
                    self.promised[checkout_id, line.variant_id, MAIN] += line.quantity
            self.done[command_id] = Reserved(ok=not short, short=short)
        self.weather.after("allocate_more")
        answer = self.done[command_id]
        assert isinstance(answer, Reserved)
        return answer

    async def reserve(
        self,
        *,
        command_id: CommandId,
        checkout_id: CheckoutId,
        lines: Sequence[ReservationLine],
        country: str | None = None,
    ) -> Reserved:
        return await self.allocate_more(
            command_id=command_id, checkout_id=checkout_id, lines=lines, country=country
        )

    async def allocate(
        self, *, command_id: CommandId, checkout_id: CheckoutId, country: str | None = None
    ) -> bool:
        self.allocated_for = country
        return True

    async def locations(self) -> list[Location]:
        return [
            Location.model_construct(id=place, code=code)
            for place, code in ((MAIN, "main"), (SHOP, "shop"))
        ]

    async def deallocate(
        self,
        *,
        command_id: CommandId,
        checkout_id: CheckoutId,
        lines: Sequence[ReservationLine],
    ) -> None:
        self.weather.before("deallocate")
        if command_id not in self.done:
            for line in lines:
                key = checkout_id, line.variant_id, MAIN
                if self.promised[key] < line.quantity:
                    raise Conflict
                self.promised[key] -= line.quantity
            self.done[command_id] = None
        self.weather.after("deallocate")

    async def fulfil(
        self, *, command_id: CommandId, checkout_id: CheckoutId, picks: Sequence[Pick]
    ) -> None:
        self.weather.before("fulfil")
        if command_id not in self.done:
            for pick in picks:
                key = checkout_id, pick.variant_id, pick.location_id
                if self.on_strike or self.promised[key] < pick.quantity:
                    raise Conflict("So many are not promised there")
                self.promised[key] -= pick.quantity
                self.on_hand[pick.variant_id, pick.location_id] -= pick.quantity
            self.done[command_id] = None
        self.weather.after("fulfil")

    async def restock(
        self,
        *,
        command_id: CommandId,
        variant_id: VariantId,
        quantity: int,
        location_id: LocationId | None = None,
        reason: str,
    ) -> None:
        self.weather.before("restock")
        if command_id not in self.done:
            self.on_hand[variant_id, location_id or MAIN] += quantity
            self.done[command_id] = None
        self.weather.after("restock")

    async def write_off(
        self,
        *,
        command_id: CommandId,
        variant_id: VariantId,
        quantity: int,
        location_id: LocationId | None = None,
    ) -> None:
        self.weather.before("write_off")
        self.done[command_id] = None
        self.broken[variant_id] += quantity

    async def release(self, *, command_id: CommandId, checkout_id: CheckoutId) -> None:
        self.weather.before("release")
        for key in [key for key in self.promised if key[0] == checkout_id]:
            del self.promised[key]
        self.weather.after("release")


@dataclass
class MemoryPayments:
    """`pm_declined` is declined, every other token goes through. Refunds of the payments in
    `refusing` are refused."""

    weather: Weather = field(default_factory=Weather)
    paid: dict[CheckoutId, PaymentView] = field(default_factory=dict)
    given: dict[CommandId, RefundView] = field(default_factory=dict)
    sales: dict[RefundId, CheckoutId | None] = field(default_factory=dict)
    refusing: set[CheckoutId] = field(default_factory=set)
    lost: dict[CheckoutId, Money] = field(default_factory=dict)
    refuses: bool = False
    lapsed: bool = False

    def pay(self, checkout_id: CheckoutId, amount: Money) -> None:
        self.paid[checkout_id] = PaymentView(
            id=PaymentId(new_id()), checkout_id=checkout_id, amount=amount, status="captured"
        )

    async def payment(self, checkout_id: CheckoutId) -> PaymentView | None:
        return self.paid.get(checkout_id)

    async def charged_back(self, checkout_id: CheckoutId) -> Money | None:
        return self.lost.get(checkout_id)

    async def authorise(
        self,
        *,
        checkout_id: CheckoutId,
        amount: Money,
        payment_token: str,
        customer_id: UserId | None = None,
        return_url: str | None = None,
        off_session: bool = False,
        attempt: int = 0,
    ) -> PaymentView:
        self.weather.before("authorise")
        known = self.paid.get(checkout_id)
        over = known is not None and known.status in ("declined", "voided")
        if known is None or (over and known.attempt < attempt):
            declined = payment_token == "pm_declined"
            self.paid[checkout_id] = PaymentView(
                id=PaymentId(new_id()),
                checkout_id=checkout_id,
                amount=amount,
                status="declined" if declined else "authorised",
                failure_code="generic_decline" if declined else None,
                attempt=attempt,
            )
        self.weather.after("authorise")
        return self.paid[checkout_id]

    async def capture(self, *, checkout_id: CheckoutId, amount: Money | None = None) -> PaymentView:
        self.weather.before("capture")
        if self.paid[checkout_id].status == "authorised" and not self.lapsed:
            self._change(checkout_id, status="captured")
        self.weather.after("capture")
        return self.paid[checkout_id]

    async def void(
        self, *, checkout_id: CheckoutId, attempt: int | None = None
    ) -> PaymentView | None:
        self.weather.before("void")
        if checkout_id in self.paid and self.paid[checkout_id].status != "declined":
            self._change(checkout_id, status="voided")
        return self.paid.get(checkout_id)

    async def refunds(self, checkout_id: CheckoutId) -> list[RefundView]:
        payment = self.paid.get(checkout_id)
        return [one for one in self.given.values() if payment and one.payment_id == payment.id]

    async def refund(
        self,
        *,
        command_id: CommandId,
        checkout_id: CheckoutId,
        amount: Money,
        reason: str,
        sale_id: CheckoutId | None = None,
        operation_id: OperationId | None = None,
    ) -> RefundView:
        self.weather.before("refund")
        payment = self.paid[checkout_id]
        if command_id not in self.given:
            left = payment.amount - (payment.refunded or amount * 0)
            if left < amount:
                raise Conflict
            refused = self.refuses or checkout_id in self.refusing
            if not refused:
                back = (payment.refunded or amount * 0) + amount
                self._change(checkout_id, refunded=back)
            self.given[command_id] = RefundView(
                id=RefundId(new_id()),
                payment_id=payment.id,
                amount=amount,
                status="failed" if refused else "succeeded",
                reason=reason,
                operation_id=operation_id,
            )
            self.sales[self.given[command_id].id] = sale_id
        self.weather.after("refund")
        return self.given[command_id]

    def refunded(self) -> int:
        return sum(item.refunded.amount for item in self.paid.values() if item.refunded)

    def _change(self, checkout_id: CheckoutId, **changes: object) -> None:
        self.paid[checkout_id] = self.paid[checkout_id].model_copy(update=changes)

"""Inventory under a clock that the test moves, and the books as the database keeps them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.inventory.service import (
    InventoryService,
    WarehouseService,
    counts,
    purchases,
    transfers,
)
from bodega.contracts.buying import Delivery, NewPurchase, PurchaseWish
from bodega.contracts.inventory import Pick, ReservationLine, Reserved, StockLevel
from bodega.contracts.stockroom import Arrival, NewCount, NewTransfer
from bodega.contracts.warehouse import LevelDetail
from bodega.kernel.clock import FixedClock
from bodega.kernel.ids import (
    CheckoutId,
    CommandId,
    LocationId,
    PurchaseId,
    SupplierId,
    VariantId,
    new_id,
)
from bodega.kernel.money import Money
from bodega.kernel.page import PageRequest
from bodega.kernel.quantity import UnitsLine

HOLD = timedelta(minutes=15)
LEDGER = """SELECT quantity, promised, reason FROM inventory.movements WHERE variant_id = %s
            ORDER BY occurred_at, ingested_at, id"""
WRONG = """SELECT l.variant_id, l.location FROM inventory.levels l WHERE
    l.on_hand <> (SELECT coalesce(sum(m.quantity), 0) FROM inventory.movements m
        WHERE m.variant_id = l.variant_id AND m.location = l.location)
    OR l.allocated <> (SELECT coalesce(sum(m.promised), 0) FROM inventory.movements m
        WHERE m.variant_id = l.variant_id AND m.location = l.location)
    OR l.allocated <> (SELECT coalesce(sum(a.quantity - a.sent), 0) FROM inventory.allocations a
        WHERE a.variant_id = l.variant_id AND a.location = l.location)"""


def command() -> CommandId:
    return CommandId(new_id())


def checkout() -> CheckoutId:
    return CheckoutId(new_id())


class Store:
    """The service, with fewer words."""

    def __init__(self, context: Context) -> None:
        self.settings = context.settings
        self.clock = FixedClock(datetime(2026, 11, 21, 12, tzinfo=UTC))
        self.context = replace(context, clock=self.clock)
        self.service = InventoryService(self.context)

    async def receive(
        self, units: int, variant: UUID | None = None, at: LocationId | None = None
    ) -> VariantId:
        variant_id = VariantId(variant or new_id())
        await self.service.receive(
            command_id=command(),
            variant_id=variant_id,
            quantity=units,
            reason="received",
            location_id=at,
        )
        return variant_id

    async def reserve(
        self,
        wanted: Mapping[VariantId, int],
        checkout: CheckoutId,
        id_: CommandId | None = None,
        country: str | None = None,
    ) -> Reserved:
        return await self.service.reserve(
            command_id=id_ or command(),
            checkout_id=checkout,
            lines=lines(wanted),
            country=country,
        )

    async def allocate(self, checkout: CheckoutId) -> bool:
        return await self.service.allocate(command_id=command(), checkout_id=checkout)

    async def sell(
        self, wanted: Mapping[VariantId, int], *, country: str | None = None
    ) -> CheckoutId:
        """Held and promised; the checkout it was for."""
        buyer = checkout()
        assert (await self.reserve(wanted, buyer, country=country)).ok
        assert await self.allocate(buyer)
        return buyer

    async def release(self, checkout: CheckoutId) -> None:
        await self.service.release(command_id=command(), checkout_id=checkout)

    async def add(self, checkout: CheckoutId, wanted: Mapping[VariantId, int]) -> Reserved:
        return await self.service.allocate_more(
            command_id=command(), checkout_id=checkout, lines=lines(wanted)
        )

    async def take_back(self, checkout: CheckoutId, wanted: Mapping[VariantId, int]) -> None:
        await self.service.deallocate(
            command_id=command(), checkout_id=checkout, lines=lines(wanted)
        )

    async def send(self, checkout: CheckoutId, *picks: Pick) -> None:
        await self.service.fulfil(command_id=command(), checkout_id=checkout, picks=picks)

    async def send_all(self, checkout: CheckoutId) -> None:
        await self.send(checkout, *await self.picks(checkout))

    async def picks(self, checkout: CheckoutId) -> list[Pick]:
        """Everything promised that is on hand."""
        return [
            Pick(
                variant_id=item.variant_id,
                location_id=item.location_id,
                quantity=item.quantity - item.backordered,
            )
            for item in await self.service.allocations(checkout)
            if item.quantity > item.backordered
        ]

    async def level(self, variant: VariantId) -> StockLevel:
        page = await self.service.levels(PageRequest(limit=100))
        return next(item for item in page.items if item.variant_id == variant)

    async def figures(self, variant: VariantId) -> tuple[int, int, int]:
        """On hand, promised, available."""
        level = await self.level(variant)
        return level.on_hand, level.allocated, level.available

    async def transfer(
        self,
        variant: VariantId,
        quantity: int,
        source: LocationId,
        destination: LocationId,
        arrived: int,
    ) -> None:
        """Some of it arrives, the rest is lost."""
        sent = [UnitsLine(variant_id=variant, quantity=quantity)]
        new = NewTransfer(source_id=source, destination_id=destination, lines=sent)
        async with self.context.database.work() as uow:
            made = await transfers.start_transfer(uow, clock=self.clock, new=new)
        async with self.context.database.work() as uow:
            if arrived:
                came = Arrival(lines=[UnitsLine(variant_id=variant, quantity=arrived)])
                made = await transfers.receive_transfer(
                    uow, clock=self.clock, transfer_id=made.id, arrival=came
                )
            if made.status == "in_transit":
                await transfers.close_transfer(uow, clock=self.clock, transfer_id=made.id)

    def supplier(self) -> None:
        """The one that `purchase` buys from."""
        self.potter = SupplierId(new_id())
        self.execute(
            "INSERT INTO inventory.suppliers (id, code, name, lead_days)"
            " VALUES (%s, 'potter', 'The Potter', 7)",
            self.potter,
        )

    async def purchase(self, variant: VariantId, quantity: int, at: LocationId) -> PurchaseId:
        """Ordered, and none of it here yet."""
        cost = Money(amount=250, currency="EUR")
        wish = PurchaseWish(variant_id=variant, quantity=quantity, cost=cost)
        new = NewPurchase(supplier_id=self.potter, location_id=at, lines=[wish])
        async with self.context.database.work() as uow:
            made = await purchases.draft_purchase(uow, clock=self.clock, new=new)
            await purchases.order_purchase(uow, clock=self.clock, purchase_id=made.id)
        return made.id

    async def deliver(self, purchase: PurchaseId, variant: VariantId, quantity: int) -> None:
        came = Delivery(lines=[UnitsLine(variant_id=variant, quantity=quantity)])
        async with self.context.database.work() as uow:
            await purchases.receive_purchase(
                uow, clock=self.clock, purchase_id=purchase, delivery=came
            )

    async def count(self, variant: VariantId, at: LocationId, found: int) -> None:
        async with self.context.database.work() as uow:
            count = await counts.open_count(uow, clock=self.clock, new=NewCount(location_id=at))
            await counts.put_counted(
                uow, clock=self.clock, count_id=count.id, variant_id=variant, counted=found
            )
            await counts.close_count(uow, clock=self.clock, count_id=count.id)

    async def detail(self, variant: VariantId, at: LocationId) -> LevelDetail:
        found = await WarehouseService(self.context).levels_of(variant)
        return next(detail for detail in found if detail.location_id == at)

    async def location(self, code: str, country: str | None = None, **more: object) -> LocationId:
        """A fresh location."""
        fresh = LocationId(new_id())
        columns = {"id": fresh, "code": code, "name": code, "kind": "warehouse"}
        columns |= {"country": country, **more}
        names = ", ".join(columns)
        marks = ", ".join(["%s"] * len(columns))
        self.execute(
            f"INSERT INTO inventory.locations ({names}) VALUES ({marks})",
            *columns.values(),
        )
        return fresh

    def allow(self, variant: VariantId, units: int, *, until: str | None = None) -> None:
        """Backorders, or pre-orders until a day."""
        self.execute(
            "UPDATE inventory.levels SET allowance = %s, backorder = %s, available_on = %s"
            " WHERE variant_id = %s",
            units,
            "preorder" if until else "backorder",
            until,
            variant,
        )

    def execute(self, statement: str, *values: object) -> None:
        with psycopg.connect(self.settings.dsn) as connection:
            connection.execute(statement, values)  # type: ignore[call-overload]


def lines(wanted: Mapping[VariantId, int]) -> list[ReservationLine]:
    return [ReservationLine(variant_id=key, quantity=count) for key, count in wanted.items()]


def ledger(settings: Settings, variant: VariantId) -> list[tuple[int, int, str]]:
    with psycopg.connect(settings.dsn) as connection:
        return connection.execute(LEDGER, [variant]).fetchall()


def wrong_levels(settings: Settings) -> list[tuple[object, ...]]:
    """Levels that the ledger or the promises say otherwise of."""
    with psycopg.connect(settings.dsn) as connection:
        return connection.execute(WRONG).fetchall()

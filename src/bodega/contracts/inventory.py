"""Stock: levels, reservations that expire, and the ledger of movements."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, ClassVar, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bodega.kernel.address import CountryCode
from bodega.kernel.commands import Command
from bodega.kernel.events import Event
from bodega.kernel.ids import (
    CheckoutId,
    CommandId,
    ImportBatchId,
    LocationId,
    PurchaseId,
    SupplierId,
    VariantId,
)
from bodega.kernel.page import Page, PageRequest
from bodega.kernel.quantity import Quantity

LocationKind = Literal["warehouse", "shop"]
LocationName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)
]
LocationCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
Backorder = Literal["none", "backorder", "preorder"]


class Location(BaseModel):
    """A place that keeps stock. `serves` are the countries it is near to, the nearest first;
    without a `country` it lies in the channel's. Lower `priority` is picked first."""

    id: LocationId
    code: str
    name: str
    kind: LocationKind
    country: CountryCode | None = None
    serves: list[CountryCode] = []
    priority: int = 100
    active: bool = True


class NewLocation(BaseModel):
    model_config = ConfigDict(extra="forbid")

    code: LocationCode
    name: LocationName
    kind: LocationKind = "warehouse"
    country: CountryCode | None = None
    serves: list[CountryCode] = Field(default=[], max_length=250)
    priority: Annotated[int, Field(ge=0, le=10_000)] = 100


class LocationChange(BaseModel):
    """What is left out stays; a location's code stays for ever."""

    model_config = ConfigDict(extra="forbid")

    name: LocationName | None = None
    kind: LocationKind | None = None
    country: CountryCode | None = None
    serves: list[CountryCode] | None = Field(default=None, max_length=250)
    priority: Annotated[int | None, Field(ge=0, le=10_000)] = None
    active: bool | None = None


class ReservationLine(BaseModel):
    model_config = ConfigDict(frozen=True)

    variant_id: VariantId
    quantity: Quantity


class Reserved(BaseModel):
    """The outcome of a reservation: all lines, or none and the variants that fell short."""

    ok: bool
    expires_at: datetime | None = None
    short: list[VariantId] = []


class Allocation(BaseModel):
    """Units of a variant promised to an order at a location; `backordered` of them are not on hand
    yet."""

    variant_id: VariantId
    location_id: LocationId
    quantity: int
    backordered: int = 0


class Pick(BaseModel):
    model_config = ConfigDict(frozen=True)

    variant_id: VariantId
    location_id: LocationId
    quantity: Quantity


class StockLevel(BaseModel):
    """A variant over all locations; `allocated` units are promised to orders and not sent yet."""

    variant_id: VariantId
    on_hand: int
    available: int
    allocated: int = 0


class Availability(BaseModel):
    """What a page may say of a variant: `in_stock` of the `available` units are on hand, the rest
    would be sent later; a pre-order is sent from `available_on` on."""

    variant_id: VariantId
    available: int = 0
    in_stock: int = 0
    backorder: Backorder = "none"
    available_on: date | None = None


class PurchaseOrdered(Event):
    """A purchase order went out to its supplier."""

    type: ClassVar[str] = "inventory.purchase_ordered"
    purchase_id: PurchaseId
    number: int
    supplier_id: SupplierId

    @property
    def key(self) -> PurchaseId:
        return self.purchase_id


class StockMismatch(Event):
    """A level differs from its ledger: look at `bodega inventory check`."""

    type: ClassVar[str] = "inventory.stock_mismatch"
    variant_id: VariantId
    location: str

    @property
    def key(self) -> VariantId:
        return self.variant_id


class ImportedStock(BaseModel):
    model_config = ConfigDict(frozen=True)

    variant_id: VariantId
    on_hand: int
    known_at: datetime


class StockChanged(Event):
    """The stock on hand of a variant moved by `quantity`, at the location of that code."""

    type: ClassVar[str] = "inventory.stock_changed"
    variant_id: VariantId
    quantity: int
    reason: str
    location: str | None = None

    @property
    def key(self) -> VariantId:
        return self.variant_id


class StockPromised(Event):
    """Units promised to an order (positive), or let go again without being sent (negative)."""

    type: ClassVar[str] = "inventory.stock_promised"
    variant_id: VariantId
    quantity: int
    reason: str
    location: str
    checkout_id: CheckoutId | None = None

    @property
    def key(self) -> VariantId:
        return self.variant_id


class StockLow(Event):
    """Units on hand and not promised fell to the reorder point of the location, or below it."""

    type: ClassVar[str] = "inventory.stock_low"
    variant_id: VariantId
    location: str
    left: int
    reorder_point: int

    @property
    def key(self) -> VariantId:
        return self.variant_id


class StockImported(Event):
    type: ClassVar[str] = "inventory.import_completed"
    import_batch_id: ImportBatchId
    source: str
    rows: int

    @property
    def key(self) -> ImportBatchId:
        return self.import_batch_id


class Inventory(Protocol):
    """Never negative, never oversold. Commands are idempotent by `command_id`; the three that
    belong to a checkout are steps of its saga: reserve → allocate, undone by release.

    Units are taken where the best-location rule says: one location that has all, the nearest to the
    destination first; else the fewest locations. `country` is the destination, the channel's by
    default."""

    async def locations(self) -> list[Location]:
        """Every location, in the order of picking."""

    async def available(self, variant_ids: Sequence[VariantId]) -> Mapping[VariantId, int]:
        """What may be promised now over all locations: on hand less what is promised, held by live
        reservations or kept as safety stock; a backorder's allowance counts. 0 for unknown ids."""

    async def shown(self, variant_ids: Sequence[VariantId]) -> Mapping[VariantId, Availability]:
        """The same for pages, seconds old at most: never promise anything by it."""

    async def levels(self, page: PageRequest) -> Page[StockLevel]:
        """Every variant with a level, for staff."""

    async def reserve(
        self,
        *,
        command_id: CommandId,
        checkout_id: CheckoutId,
        lines: Sequence[ReservationLine],
        country: CountryCode | None = None,
    ) -> Reserved:
        """Hold every line until an expiry, or hold nothing. Rows are locked in one fixed order.
        Raises `Conflict` when the checkout holds something already."""

    async def extend(self, *, checkout_id: CheckoutId, until: datetime) -> bool:
        """Keep a live hold until `until` while a payment is in flight; an earlier instant changes
        nothing. False when the hold has lapsed or is gone."""

    async def allocate(
        self,
        *,
        command_id: CommandId,
        checkout_id: CheckoutId,
        country: CountryCode | None = None,
    ) -> bool:
        """Turn what is held into units promised to the order. False when the hold has lapsed and
        the stock is gone; a lapsed hold whose stock is still there is honoured."""

    async def allocations(self, checkout_id: CheckoutId) -> list[Allocation]:
        """Units promised and not yet sent, by location, in the order they should be picked."""

    async def allocate_more(
        self,
        *,
        command_id: CommandId,
        checkout_id: CheckoutId,
        lines: Sequence[ReservationLine],
        country: CountryCode | None = None,
    ) -> Reserved:
        """Promise further units to an order that was edited: all, or none and what fell short."""

    async def deallocate(
        self,
        *,
        command_id: CommandId,
        checkout_id: CheckoutId,
        lines: Sequence[ReservationLine],
    ) -> None:
        """Take promised units back that were not sent, the last promised first. Raises `Conflict`
        for more."""

    async def fulfil(
        self,
        *,
        command_id: CommandId,
        checkout_id: CheckoutId,
        picks: Sequence[Pick],
    ) -> None:
        """Promised units leave their location. Raises `Conflict` for more than is promised there,
        not on hand yet (a backorder), or before the day of a pre-order."""

    async def restock(
        self,
        *,
        command_id: CommandId,
        variant_id: VariantId,
        quantity: int,
        location_id: LocationId | None = None,
        reason: str,
    ) -> None:
        """Units that came back are for sale again, at a location or the default one."""

    async def write_off(
        self,
        *,
        command_id: CommandId,
        variant_id: VariantId,
        quantity: int,
        location_id: LocationId | None = None,
    ) -> None:
        """Units that came back and cannot be sold: the ledger says that they came in and went out
        again, at once."""

    async def release(self, *, command_id: CommandId, checkout_id: CheckoutId) -> None:
        """Undo reserve and allocate: held and promised units that were not sent are let go."""

    async def receive(
        self,
        *,
        command_id: CommandId,
        variant_id: VariantId,
        quantity: int,
        reason: str,
        location_id: LocationId | None = None,
        by: str | None = None,
    ) -> StockLevel:
        """Adjust the stock on hand by a signed quantity, at a location or the default one; the
        ledger says by whom. Raises `Conflict` below zero."""

    async def bulk_load(
        self,
        batch: Sequence[ImportedStock],
        *,
        source: str,
        import_batch_id: ImportBatchId,
    ) -> int:
        """COPY opening levels in; a variant that has a level keeps it. The number of new rows."""


class Locations(Protocol):
    """The places that keep stock, as staff arrange them; `Inventory.locations` lists them."""

    async def create_location(self, command: Command, new: NewLocation) -> Location:
        """Raises `Conflict` for a code that is taken."""

    async def change_location(
        self, command: Command, location_id: LocationId, change: LocationChange
    ) -> Location:
        """A closed location sells nothing and still sends what it promised. Raises `NotFound`, and
        `Conflict` for closing the main one."""

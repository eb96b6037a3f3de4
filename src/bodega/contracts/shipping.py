"""Ways to send an order, and what they cost; zones and methods, as staff make them."""

from typing import Annotated, Literal, Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bodega.kernel.address import CountryCode
from bodega.kernel.commands import Command
from bodega.kernel.ids import ShippingMethodId
from bodega.kernel.money import KnownCurrency, Money

Basis = Literal["flat", "weight", "price"]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Prefix = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=12)]
Amount = Annotated[int, Field(strict=True, ge=0, lt=2**53, description="minor units")]
Days = Annotated[int, Field(strict=True, ge=0, le=365)]
Position = Annotated[int, Field(strict=True, ge=0, le=10_000)]
Countries = Annotated[list[CountryCode], Field(max_length=300)]
Prefixes = Annotated[list[Prefix], Field(max_length=1000)]

# The built-in way to send, in hundredths of the currency's unit (490 yen where there are none);
# histories that are made up ask for the same.
STANDARD_NAME, STANDARD_PRICE, STANDARD_FREE_FROM = "Standard", 490, 5000


class Parcel(BaseModel):
    """What is to be sent and where. `weight_grams` is 0 when nobody has weighed it."""

    model_config = ConfigDict(frozen=True)

    country: CountryCode
    postal_code: str = ""
    subtotal: Money
    weight_grams: int = 0
    units: int


class ShippingOption(BaseModel):
    """One way to send a parcel, at its price before promotions; days are working days."""

    method_id: ShippingMethodId
    name: str
    carrier: str | None
    price: Money
    min_days: int
    max_days: int


class Shipping(Protocol):
    """An outside rate engine may answer in its place."""

    async def options(self, parcel: Parcel) -> list[ShippingOption]:
        """Cheapest first; empty when nothing goes there."""

    async def option(self, method_id: ShippingMethodId, parcel: Parcel) -> ShippingOption | None:
        """None when the method does not send this parcel."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TierBody(_Body):
    """The price up to (and with) `up_to` grams, or minor units of the subtotal; null is without
    end."""

    up_to: Amount | None = None
    price_amount: Amount


Tiers = Annotated[list[TierBody], Field(min_length=1, max_length=100)]


class NewZone(_Body):
    """Without countries: the rest of the world. Postal prefixes need exactly one country."""

    name: Name
    countries: Countries = []
    postal_prefixes: Prefixes = []


class ZoneChange(_Body):
    """Only what is given changes."""

    name: Name = ""
    countries: Countries = []
    postal_prefixes: Prefixes = []
    active: bool = True


class NewMethod(_Body):
    """`basis` says what the tiers are of: `flat` (one tier), grams or the subtotal."""

    name: Name
    carrier: Name | None = None
    basis: Basis = "flat"
    currency: KnownCurrency | None = None
    tiers: Tiers
    free_above_amount: Amount | None = None
    min_days: Days
    max_days: Days
    position: Position = 0


class MethodChange(_Body):
    """Only what is given changes; `tiers` are replaced all together."""

    name: Name = ""
    carrier: Name | None = None
    basis: Basis = "flat"
    tiers: Tiers = []
    free_above_amount: Amount | None = None
    min_days: Days = 0
    max_days: Days = 0
    position: Position = 0
    active: bool = True


class MethodView(BaseModel):
    id: ShippingMethodId
    name: str
    carrier: str | None
    basis: Basis
    currency: str
    tiers: list[TierBody]
    free_above_amount: int | None
    min_days: int
    max_days: int
    position: int
    active: bool


class ZoneView(BaseModel):
    """`built_in` is the set of a shop that has changed nothing yet."""

    id: UUID
    name: str
    countries: list[CountryCode]
    postal_prefixes: list[str]
    active: bool
    built_in: bool
    methods: list[MethodView]


class DeliveryZones(Protocol):
    """Where the shop sends to, how, and at what price. The built-in zone becomes the shop's own
    with the first change."""

    async def zones(self) -> list[ZoneView]:
        """Every zone with its methods."""

    async def create_zone(self, command: Command, new: NewZone) -> ZoneView:
        """Raises `Rejected`."""

    async def change_zone(self, command: Command, zone_id: UUID, change: ZoneChange) -> ZoneView:
        """Raises `NotFound`, `Rejected`."""

    async def create_method(self, command: Command, zone_id: UUID, new: NewMethod) -> ZoneView:
        """Raises `NotFound`, `Rejected`."""

    async def change_method(
        self, command: Command, method_id: ShippingMethodId, change: MethodChange
    ) -> ZoneView:
        """Raises `NotFound`, `Rejected`."""

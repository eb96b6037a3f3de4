"""Request and response bodies of shipping."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bodega.commerce.shipping.domain import Basis, Tier
from bodega.kernel.address import CountryCode
from bodega.kernel.ids import ShippingMethodId
from bodega.kernel.money import KnownCurrency

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Prefix = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=12)]
Amount = Annotated[int, Field(strict=True, ge=0, lt=2**53, description="minor units")]
Days = Annotated[int, Field(strict=True, ge=0, le=365)]
Position = Annotated[int, Field(strict=True, ge=0, le=10_000)]
Countries = Annotated[list[CountryCode], Field(max_length=300)]
Prefixes = Annotated[list[Prefix], Field(max_length=1000)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ParcelQuery(_Body):
    """A parcel in a query string; `subtotal` is minor units of `currency`, the shop's unless
    told."""

    country: CountryCode
    subtotal: Annotated[int, Field(ge=0, lt=2**53)]
    currency: KnownCurrency | None = None
    postal_code: Annotated[str, StringConstraints(max_length=20)] = ""
    weight_grams: Annotated[int, Field(ge=0, lt=2**31)] = 0
    units: Annotated[int, Field(ge=1, le=10**9)] = 1


class TierBody(_Body):
    """The price up to (and with) `up_to` grams, or minor units of the subtotal; null is without
    end."""

    up_to: Amount | None = None
    price_amount: Amount

    def value(self) -> Tier:
        return Tier(self.up_to, self.price_amount)


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

"""Ways to send an order, and what they cost."""

from typing import Protocol

from pydantic import BaseModel, ConfigDict

from bodega.kernel.address import CountryCode
from bodega.kernel.ids import ShippingMethodId
from bodega.kernel.money import Money


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

"""What is asked to happen to an order."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from bodega.contracts.aftersales.kinds import (
    BuyersToken,
    Note,
    PaymentToken,
    Reason,
    ShipmentStep,
    Short,
)
from bodega.kernel.address import Address
from bodega.kernel.ids import (
    LocationId,
    OrderLineId,
    VariantId,
)
from bodega.kernel.money import Money
from bodega.kernel.quantity import Quantity


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LineQuantity(_Request):
    line_id: OrderLineId
    quantity: Quantity


class CancelOrder(_Request):
    reason: Reason


class RestLine(_Request):
    """Units of a line that will not be sent. `amount` is what is given back for them; None is their
    share of what the line cost."""

    line_id: OrderLineId
    quantity: Quantity
    amount: Money | None = None


class CancelRest(_Request):
    """Without lines everything that was not sent yet."""

    reason: Reason
    lines: list[RestLine] = []


class ShipOrder(_Request):
    """One parcel from one location. Without a location the first that holds units of the order is
    taken, without lines all that is promised there."""

    location_id: LocationId | None = None
    lines: list[LineQuantity] = []
    carrier: Short | None = None
    tracking_number: Short | None = None


class Addition(_Request):
    variant_id: VariantId
    quantity: Quantity


class EditOrder(_Request):
    """New quantities of lines (0 takes one out), further variants at today's price, another address
    in the same country. `payment_token` pays for what it comes to cost more; or, with `ask_buyer`,
    the buyer does so on the order's page, and the order is held until then."""

    quantities: dict[OrderLineId, Annotated[int, Field(ge=0, le=10_000)]] = {}
    additions: list[Addition] = []
    shipping_address: Address | None = None
    payment_token: PaymentToken | None = None
    ask_buyer: bool = False
    reason: Reason


class RefundLine(_Request):
    line_id: OrderLineId
    amount: Money


class RefundOrder(_Request):
    lines: Annotated[list[RefundLine], Field(min_length=1)]
    reason: Reason


class ReturnLine(_Request):
    """`exchange_variant_id` asks for that variant in its place."""

    line_id: OrderLineId
    quantity: Quantity
    reason: Reason
    exchange_variant_id: VariantId | None = None


class RequestReturn(_Request):
    lines: Annotated[list[ReturnLine], Field(min_length=1)]
    note: Note = ""


class InspectedLine(_Request):
    """What became of the units of a line that were received. `amount` is what is given back for
    them; None is their share of what the line cost."""

    line_id: OrderLineId
    restock: Annotated[int, Field(ge=0)] = 0
    write_off: Annotated[int, Field(ge=0)] = 0
    amount: Money | None = None


class SettleReturn(_Request):
    """What came back pays what is wanted in exchange, and the rest is given back; `payment_token`
    pays for what the exchange costs more, or the buyer does (`ask_buyer`). Without `exchange` the
    goods that were wanted instead are not sent, and all of it is given back."""

    lines: Annotated[list[InspectedLine], Field(min_length=1)]
    location_id: LocationId | None = None
    payment_token: PaymentToken | None = None
    ask_buyer: bool = False
    exchange: bool = True
    note: Note = ""


class PayDifference(_Request):
    """`return_url` is where the buyer's bank sends them back to."""

    payment_token: BuyersToken
    return_url: Annotated[str, StringConstraints(pattern=r"^https?://", max_length=2000)] | None = (
        None
    )


class TrackShipment(_Request):
    step: ShipmentStep
    note: Note = ""
    place: Note = ""
    at: AwareDatetime | None = None

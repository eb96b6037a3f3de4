"""What happens to an order once it is paid: sending, editing, cancelling, returning, its papers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, ClassVar, Literal, Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bodega.kernel.address import Address
from bodega.kernel.events import Event
from bodega.kernel.ids import (
    CheckoutId,
    CommandId,
    DocumentId,
    LocationId,
    OperationId,
    OrderId,
    OrderLineId,
    ReturnId,
    ShipmentId,
    UserId,
    VariantId,
)
from bodega.kernel.money import Money
from bodega.kernel.page import Page, PageRequest
from bodega.kernel.quantity import Quantity

OperationKind = Literal["cancel", "ship", "edit", "refund", "return"]
OperationState = Literal["running", "undoing", "partial", "done", "failed"]
ShipmentStep = Literal["shipped", "in_transit", "out_for_delivery", "exception", "delivered"]
ReturnStatus = Literal["requested", "approved", "declined", "received", "closed", "withdrawn"]
DocumentKind = Literal["invoice", "credit_note"]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]
Short = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
# A letter behind the prefix: digits alone would be a card number, which must never reach us.
PaymentToken = Annotated[
    str, StringConstraints(max_length=210, pattern=r"^[a-z]+_[A-Za-z0-9_]*[A-Za-z][A-Za-z0-9_]*$")
]


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LineQuantity(_Request):
    line_id: OrderLineId
    quantity: Quantity


class CancelOrder(_Request):
    reason: Reason


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
    pays for what the exchange costs more, or the buyer does (`ask_buyer`)."""

    lines: Annotated[list[InspectedLine], Field(min_length=1)]
    location_id: LocationId | None = None
    payment_token: PaymentToken | None = None
    ask_buyer: bool = False
    note: Note = ""


class PayDifference(_Request):
    """`return_url` is where the buyer's bank sends them back to."""

    payment_token: PaymentToken
    return_url: Annotated[str, StringConstraints(pattern=r"^https?://", max_length=2000)] | None = (
        None
    )


class TrackShipment(_Request):
    step: ShipmentStep
    note: Note = ""
    place: Note = ""
    at: datetime | None = None


class OperationView(BaseModel):
    """A change of an order that needs stock or money. `reference` is what it made: a shipment,
    a return, a refund. A `partial` one has given back some of the money and was refused the rest,
    or what comes after it: it stays so until staff have it tried again or give it up. `due` is what
    its buyer was asked to pay, while it waits for them."""

    id: OperationId
    order_id: OrderId
    kind: OperationKind
    state: OperationState
    reference: UUID | None
    actor: str
    failure_code: str | None
    failure_detail: str | None
    started_at: datetime
    ended_at: datetime | None
    due: Money | None = None


class PaymentDue(BaseModel):
    """What a change of an order costs its buyer more, to be paid by `until`. With an `action_url`
    their bank asks them there; `state` and failure are the operation's."""

    operation_id: OperationId
    kind: OperationKind
    state: OperationState
    amount: Money
    action_url: str | None
    until: datetime
    failure_code: str | None = None
    failure_detail: str | None = None


class ShippedLine(BaseModel):
    line_id: OrderLineId
    sku: str
    title: str
    quantity: int


class ShipmentEvent(BaseModel):
    step: ShipmentStep
    note: str
    place: str
    at: datetime


class ShipmentView(BaseModel):
    id: ShipmentId
    order_id: OrderId
    step: ShipmentStep
    location_id: LocationId
    carrier: str | None
    tracking_number: str | None
    shipped_at: datetime
    delivered_at: datetime | None
    lines: list[ShippedLine]
    events: list[ShipmentEvent]


class ReturnedLine(BaseModel):
    line_id: OrderLineId
    sku: str
    title: str
    quantity: int
    reason: str
    exchange_variant_id: VariantId | None
    received: int
    restocked: int
    written_off: int
    amount: Money | None


class ReturnView(BaseModel):
    """`amount` is what was given back; `exchange_order_id` the order that replaces goods."""

    id: ReturnId
    number: int
    order_id: OrderId
    order_number: int
    status: ReturnStatus
    note: str
    decision_note: str | None
    requested_at: datetime
    closed_at: datetime | None
    amount: Money | None
    exchange_order_id: OrderId | None
    lines: list[ReturnedLine]


class DocumentView(BaseModel):
    """An invoice or a credit note; its paper is drawn from a row that never changes."""

    id: DocumentId
    order_id: OrderId
    kind: DocumentKind
    number: int
    name: str
    issued_at: datetime
    net: Money
    tax: Money
    total: Money


class _OfOrder(Event):
    order_id: OrderId

    @property
    def key(self) -> OrderId:
        return self.order_id


class OrderAllocated(_OfOrder):
    """Every unit is promised by a location and on hand."""

    type: ClassVar[str] = "orders.order_allocated"


class OrderShipped(_OfOrder):
    type: ClassVar[str] = "orders.order_shipped"
    shipment_id: ShipmentId


class ShipmentTracked(_OfOrder):
    type: ClassVar[str] = "orders.shipment_tracked"
    shipment_id: ShipmentId
    step: ShipmentStep


class OrderEdited(_OfOrder):
    """`total` is the order's now. What the edit made dearer was paid under `charge_id`; of `charge`
    the `charge_tax` belongs to the state. Where nothing was charged, `credited_tax` is what the
    order's tax, in the sale `checkout_id`, is less than before."""

    type: ClassVar[str] = "orders.order_edited"
    operation_id: OperationId
    total: Money
    charge_id: CheckoutId | None = None
    charge: Money | None = None
    charge_tax: Money | None = None
    checkout_id: CheckoutId | None = None
    credited_tax: Money | None = None


class OrderRefunded(_OfOrder):
    """Of the sale `checkout_id`; `credited_tax` is the tax on the credit note."""

    type: ClassVar[str] = "orders.order_refunded"
    operation_id: OperationId
    amount: Money
    checkout_id: CheckoutId | None = None
    credited_tax: Money | None = None


class OrderExchanged(_OfOrder):
    """What came back of the order pays `credit` of the one that replaces goods. The sales are filed
    under `credit_of` and `exchange_id`."""

    type: ClassVar[str] = "orders.order_exchanged"
    operation_id: OperationId
    exchange_order_id: OrderId
    exchange_id: CheckoutId
    credit_of: CheckoutId
    credit: Money


class ReturnChanged(_OfOrder):
    type: ClassVar[str] = "orders.return_changed"
    return_id: ReturnId
    status: ReturnStatus


class DocumentIssued(_OfOrder):
    type: ClassVar[str] = "orders.document_issued"
    document_id: DocumentId
    kind: DocumentKind
    number: int


class AfterSales(Protocol):
    """Changes that need stock or money are *operations*: recorded before the first call, driven to
    their end whatever crashes, one at a time for an order. They raise `NotFound`, `Rejected` and
    `Conflict` before they begin; afterwards their view says how they ended. The same `id` again
    answers the same operation."""

    async def cancel(
        self, *, id: OperationId, order_id: OrderId, request: CancelOrder, actor: str
    ) -> OperationView:
        """Before anything was sent: stock is let go, money goes back."""

    async def ship(
        self, *, id: OperationId, order_id: OrderId, request: ShipOrder, actor: str
    ) -> OperationView: ...

    async def edit(
        self, *, id: OperationId, order_id: OrderId, request: EditOrder, actor: str
    ) -> OperationView:
        """Before anything was sent; the difference in price is refunded or charged."""

    async def refund(
        self, *, id: OperationId, order_id: OrderId, request: RefundOrder, actor: str
    ) -> OperationView:
        """Money back for lines whose goods stay with the buyer."""

    async def settle_return(
        self, *, id: OperationId, return_id: ReturnId, request: SettleReturn, actor: str
    ) -> OperationView:
        """The received goods were inspected: restock or write off, refund or exchange."""

    async def retry(self, id: OperationId, *, command_id: CommandId, actor: str) -> OperationView:
        """Go on with a partial operation: what was refused is asked for anew. Raises `NotFound`,
        and `Conflict` for one that is not partial."""

    async def give_up(
        self, id: OperationId, *, command_id: CommandId, reason: str, actor: str
    ) -> OperationView:
        """Undo what of a partial operation can be undone; the money that went back is booked as
        a refund of the order's lines. Raises `NotFound`, `Conflict`."""

    async def payment_due(self, order_id: OrderId) -> PaymentDue | None:
        """What the order's buyer is asked to pay now."""

    async def pay_due(self, order_id: OrderId, asked: PayDifference) -> PaymentDue:
        """Pay it; the same again goes on. A card that is declined ends the change, and nothing of
        it is done. Raises `NotFound` when nothing is due."""

    async def proceed_due(self, order_id: OrderId) -> PaymentDue:
        """The buyer is back from the bank. Raises `NotFound` when nothing is due."""

    async def operation(self, id: OperationId) -> OperationView | None: ...

    async def operations(self, order_id: OrderId) -> list[OperationView]:
        """Oldest first."""

    async def track(
        self,
        *,
        command_id: CommandId,
        shipment_id: ShipmentId,
        request: TrackShipment,
        actor: str,
    ) -> ShipmentView: ...

    async def shipments(self, order_id: OrderId) -> list[ShipmentView]: ...

    async def request_return(
        self,
        *,
        command_id: CommandId,
        order_id: OrderId,
        request: RequestReturn,
        customer_id: UserId | None,
        guest: bool = False,
        actor: str | None = None,
    ) -> ReturnView:
        """With a `customer_id` the order must be theirs, with `guest` nobody's, and the time for
        returns not over; otherwise `actor` is who of the staff asks."""

    async def decide_return(
        self, *, command_id: CommandId, return_id: ReturnId, approve: bool, note: str, actor: str
    ) -> ReturnView: ...

    async def receive_return(
        self,
        *,
        command_id: CommandId,
        return_id: ReturnId,
        received: Mapping[OrderLineId, int],
        actor: str,
    ) -> ReturnView:
        """How many units of each line arrived; a line that is not named arrived completely."""

    async def withdraw_return(
        self, *, command_id: CommandId, return_id: ReturnId, customer_id: UserId | None
    ) -> ReturnView:
        """None is the guest who bought."""

    async def returns_of(self, order_id: OrderId) -> list[ReturnView]: ...

    async def return_request(self, return_id: ReturnId) -> ReturnView | None: ...

    async def returns(
        self, page: PageRequest, *, status: ReturnStatus | None = None
    ) -> Page[ReturnView]:
        """Newest first."""

    async def documents(self, order_id: OrderId) -> Sequence[DocumentView]:
        """Invoices and credit notes in the order they were issued."""

    async def paper(self, order_id: OrderId, document_id: DocumentId) -> bytes | None:
        """The document as PDF, the same bytes each time; None when the order has no such one."""

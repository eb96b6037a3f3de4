"""What is seen of what happened to an order."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from bodega.contracts.aftersales.kinds import (
    DocumentKind,
    OperationKind,
    OperationState,
    ReturnStatus,
    ShipmentStep,
)
from bodega.kernel.ids import (
    DocumentId,
    LocationId,
    OperationId,
    OrderId,
    OrderLineId,
    ReturnId,
    ShipmentId,
    VariantId,
)
from bodega.kernel.money import Money


class OperationView(BaseModel):
    """A change of an order that needs stock or money. `reference` is what it made: a shipment,
    a return, a refund. A `partial` one has given back some of the money and was refused the rest,
    or what comes after it: it stays so until staff have it tried again or give it up. `due` is what
    its buyer was asked to pay, while it waits for them. `warnings` say what staff passed with it:
    purchase limits."""

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
    warnings: list[str] = []


class DueLine(BaseModel):
    """Goods that a buyer gets once they have paid for them."""

    title: str
    quantity: int


class PaymentDue(BaseModel):
    """What a change of an order costs its buyer more, to be paid by `until`; `lines` are the
    further units of an edit, or what an exchange brings. With an `action_url`
    their bank asks them there; `declined` is why their last card was refused, and `tries_left`
    how many others they may try; `charging` while one that was handed in is charged, or asked
    about by its bank. `state` and failure are the operation's."""

    operation_id: OperationId
    kind: OperationKind
    state: OperationState
    amount: Money
    action_url: str | None
    until: datetime
    declined: str | None = None
    tries_left: int = 0
    charging: bool = False
    lines: list[DueLine] = []
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

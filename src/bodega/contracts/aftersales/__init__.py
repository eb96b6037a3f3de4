"""What happens to an order once it is paid: sending, editing, cancelling, returning, its papers."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from bodega.contracts.aftersales.events import (
    DocumentIssued,
    OrderAllocated,
    OrderEdited,
    OrderExchanged,
    OrderRefunded,
    OrderShipped,
    PaymentAsked,
    ReturnChanged,
    ShipmentTracked,
)
from bodega.contracts.aftersales.kinds import (
    DocumentKind,
    Note,
    OperationKind,
    OperationState,
    PaymentToken,
    Reason,
    ReturnStatus,
    ShipmentStep,
    Short,
)
from bodega.contracts.aftersales.requests import (
    Addition,
    CancelOrder,
    CancelRest,
    EditOrder,
    InspectedLine,
    LineQuantity,
    PayDifference,
    RefundLine,
    RefundOrder,
    RequestReturn,
    RestLine,
    ReturnLine,
    SettleReturn,
    ShipOrder,
    TrackShipment,
)
from bodega.contracts.aftersales.views import (
    DocumentView,
    DueLine,
    OperationView,
    PaymentDue,
    ReturnedLine,
    ReturnView,
    ShipmentEvent,
    ShipmentView,
    ShippedLine,
)
from bodega.kernel.ids import (
    CommandId,
    DocumentId,
    OperationId,
    OrderId,
    OrderLineId,
    ReturnId,
    ShipmentId,
    UserId,
)
from bodega.kernel.page import Page, PageRequest

__all__ = [
    "Addition",
    "AfterSales",
    "CancelOrder",
    "CancelRest",
    "DocumentIssued",
    "DocumentKind",
    "DocumentView",
    "DueLine",
    "EditOrder",
    "InspectedLine",
    "LineQuantity",
    "Note",
    "OperationKind",
    "OperationState",
    "OperationView",
    "OrderAllocated",
    "OrderEdited",
    "OrderExchanged",
    "OrderRefunded",
    "OrderShipped",
    "PayDifference",
    "PaymentAsked",
    "PaymentDue",
    "PaymentToken",
    "Reason",
    "RefundLine",
    "RefundOrder",
    "RequestReturn",
    "RestLine",
    "ReturnChanged",
    "ReturnLine",
    "ReturnStatus",
    "ReturnView",
    "ReturnedLine",
    "SettleReturn",
    "ShipOrder",
    "ShipmentEvent",
    "ShipmentStep",
    "ShipmentTracked",
    "ShipmentView",
    "ShippedLine",
    "Short",
    "TrackShipment",
]


class AfterSales(Protocol):
    """Changes that need stock or money are *operations*: recorded before the first call, driven to
    their end whatever crashes, one at a time for an order. They raise `NotFound`, `Rejected` and
    `Conflict` before they begin; afterwards their view says how they ended. The same `id` again
    answers the same operation."""

    async def cancel(
        self, *, id: OperationId, order_id: OrderId, request: CancelOrder, actor: str
    ) -> OperationView:
        """Before anything was sent: stock is let go, money goes back."""

    async def cancel_rest(
        self, *, id: OperationId, order_id: OrderId, request: CancelRest, actor: str
    ) -> OperationView:
        """Units of an order sent in part that will not be sent: they are let go, their money goes
        back."""

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

    async def pay_due(
        self, order_id: OrderId, asked: PayDifference, *, command_id: CommandId
    ) -> PaymentDue:
        """Pay it. The same card again goes on; while its bank asks, another one takes its place.
        After a card that is declined (`declined` says why) another may be tried, until the time or
        the tries are over: then the change has failed, and nothing of it is done. The same command
        again is no other try. Raises `NotFound` when nothing is due, `Rejected` for a command that
        came with another card."""

    async def proceed_due(self, order_id: OrderId) -> PaymentDue:
        """The buyer is back from the bank. Raises `NotFound` when nothing is due."""

    async def leave_due(
        self, order_id: OrderId, *, command_id: CommandId, actor: str
    ) -> PaymentDue:
        """The buyer does not pay it: nothing of the change is done. Raises `NotFound` when nothing
        is due, `Conflict` while a card is being charged."""

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

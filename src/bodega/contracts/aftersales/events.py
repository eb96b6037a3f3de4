"""What others hear of what happened to an order."""

from datetime import datetime
from typing import ClassVar

from bodega.contracts.aftersales.kinds import DocumentKind, ReturnStatus, ShipmentStep
from bodega.kernel.events import Event
from bodega.kernel.ids import (
    CheckoutId,
    DocumentId,
    OperationId,
    OrderId,
    ReturnId,
    ShipmentId,
)
from bodega.kernel.money import Money


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


class PaymentAsked(_OfOrder):
    """A change of the order waits until its buyer has paid `amount`, at the latest by `until`."""

    type: ClassVar[str] = "orders.payment_asked"
    operation_id: OperationId
    amount: Money
    until: datetime


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

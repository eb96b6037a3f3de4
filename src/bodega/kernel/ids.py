"""Identifiers: UUIDv7 (RFC 9562), so that keys sort by the time they were minted."""

import uuid
from typing import NewType

import uuid_utils.compat

UserId = NewType("UserId", uuid.UUID)
ProductId = NewType("ProductId", uuid.UUID)
VariantId = NewType("VariantId", uuid.UUID)
CartId = NewType("CartId", uuid.UUID)
CheckoutId = NewType("CheckoutId", uuid.UUID)
OrderId = NewType("OrderId", uuid.UUID)
OrderLineId = NewType("OrderLineId", uuid.UUID)
OperationId = NewType("OperationId", uuid.UUID)
DocumentId = NewType("DocumentId", uuid.UUID)
ReturnId = NewType("ReturnId", uuid.UUID)
AddressId = NewType("AddressId", uuid.UUID)
PaymentId = NewType("PaymentId", uuid.UUID)
RefundId = NewType("RefundId", uuid.UUID)
DisputeId = NewType("DisputeId", uuid.UUID)
ShipmentId = NewType("ShipmentId", uuid.UUID)
PromotionId = NewType("PromotionId", uuid.UUID)
ShippingMethodId = NewType("ShippingMethodId", uuid.UUID)
LocationId = NewType("LocationId", uuid.UUID)
TransferId = NewType("TransferId", uuid.UUID)
CountId = NewType("CountId", uuid.UUID)
SupplierId = NewType("SupplierId", uuid.UUID)
PurchaseId = NewType("PurchaseId", uuid.UUID)
ReviewId = NewType("ReviewId", uuid.UUID)
CommandId = NewType("CommandId", uuid.UUID)
EventId = NewType("EventId", uuid.UUID)
ImportBatchId = NewType("ImportBatchId", uuid.UUID)


def new_id() -> uuid.UUID:
    """A fresh UUIDv7."""
    return uuid_utils.compat.uuid7()


def derived_id(parent: uuid.UUID, name: str) -> uuid.UUID:
    """The UUIDv5 that `parent` always yields for `name`: how a retried step names its command."""
    return uuid_utils.compat.uuid5(parent, name)

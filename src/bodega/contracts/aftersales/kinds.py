"""Words and short texts that requests, views and events of an order share."""

from typing import Annotated, Literal

from pydantic import StringConstraints

OperationKind = Literal["cancel", "cancel_rest", "ship", "edit", "refund", "return"]
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
# What a buyer pays with may be PayPal as well, where the shop has it.
BuyersToken = Annotated[
    str,
    StringConstraints(
        max_length=210, pattern=r"^(paypal:|[a-z]+_[A-Za-z0-9_]*[A-Za-z][A-Za-z0-9_]*)$"
    ),
]

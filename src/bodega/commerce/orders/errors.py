"""Errors of orders.

BodegaError
├── PaymentDeclined  402
├── Unauthenticated ── PassInvalid
├── TooMany ── TooManyLookUps
├── NotFound ── OrderNotFound, LineNotFound, ShipmentNotFound, ReturnNotFound, DocumentNotFound,
│               OperationNotFound, LocationNotKnown, PaymentNotDue
├── Unavailable ── PaymentAwaited
├── Rejected
│   ├── EditEmpty, AddressCountryDiffers, VariantNotSold, PaymentTokenMissing, ProviderNotHere
│   ├── LineNamedTwice, QuantityExceeded, RefundExceedsLine, RefundNotChargeable
│   ├── ExchangeCostsMore, RestAmountMissing, ShipmentTimeOdd
│   └── OperationKeyReused
└── Conflict
    ├── AmountDiffers, OrderBusy, OrderNotCancellable, OrderNotSendable, OrderNotEditable
    ├── NothingToShip, NotAllocatedThere, LineRefunded, RefundExceedsPayment, RefundFailed
    ├── OutOfStock, PaymentNotTaken, RefundIncomplete, OperationNotPartial, RestNotCancellable
    └── ReturnNotPossible, ReturnTooLate, ReturnNotOpen, ShipmentDelivered
"""

from bodega.kernel.errors import (
    BodegaError,
    Conflict,
    NotFound,
    Rejected,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from bodega.kernel.money import Money, charge_step


class PaymentDeclined(BodegaError):
    code = "payment_declined"
    status = 402
    title = "The card was declined and nothing was changed: try another card"


class TooManyLookUps(TooMany):
    code = "too_many_look_ups"
    title = "Too many tries to find an order: wait a quarter of an hour, then try again"


class PassInvalid(Unauthenticated):
    code = "order_pass_invalid"
    title = "This opens no order, or not any more: find the order by its number and e-mail"


class OrderNotFound(NotFound):
    code = "order_not_found"
    title = "There is no such order"


class LineNotFound(NotFound):
    code = "order_line_not_found"
    title = "The order has no such line"


class ShipmentNotFound(NotFound):
    code = "shipment_not_found"
    title = "There is no such shipment"


class ReturnNotFound(NotFound):
    code = "return_not_found"
    title = "There is no such return"


class LocationNotKnown(NotFound):
    code = "return_location_not_found"
    title = "There is no such location to restock at: look at the locations"


class DocumentNotFound(NotFound):
    code = "document_not_found"
    title = "The order has no such invoice or credit note"


class OperationNotFound(NotFound):
    code = "operation_not_found"
    title = "The order has no such operation"


class PaymentNotDue(NotFound):
    code = "payment_not_due"
    title = "Nothing is to be paid for this order now"


class PaymentAwaited(Unavailable):
    code = "payment_awaited"
    title = "The buyer was asked to pay the difference and has not done so yet"


class EditEmpty(Rejected):
    code = "edit_empty"
    title = "The edit changes nothing, or takes out all goods: cancel the order instead"


class AddressCountryDiffers(Rejected):
    code = "address_country_differs"
    title = "An order moves within its country only, for taxes and delivery: cancel it, order anew"


class VariantNotSold(Rejected):
    code = "variant_not_sold"
    title = "This variant is not sold, or not in the order's currency"


class PaymentTokenMissing(Rejected):
    code = "payment_token_missing"
    title = "The edit costs more: send a payment token for the difference"


class ProviderNotHere(Rejected):
    code = "payment_provider_not_here"
    title = "This shop takes no payment through that provider: choose another way to pay"


class LineNamedTwice(Rejected):
    code = "order_line_twice"
    title = "Name each line of the order once"


class QuantityExceeded(Rejected):
    code = "quantity_exceeded"
    title = "So many units of the line are not there for this: lower the quantity"


class RefundExceedsLine(Rejected):
    code = "refund_exceeds_line"
    title = "More than the line cost cannot be given back for it"


class RefundNotChargeable(Rejected):
    code = "refund_not_chargeable"
    title = "Cards take no such broken amount of this currency: round it as the sentence says"

    @classmethod
    def of(cls, amount: int, currency: str) -> "RefundNotChargeable":
        step = Money(amount=charge_step(currency), currency=currency)
        return cls(f"{Money(amount=amount, currency=currency)} is not a multiple of {step}")


class ExchangeCostsMore(Rejected):
    code = "exchange_costs_more"
    title = "The exchange costs more than came back: send a payment token, or settle without it"


class RestAmountMissing(Rejected):
    code = "rest_amount_missing"
    title = "Money went back for this line before: say how much goes back for what is not sent"


class ShipmentTimeOdd(Rejected):
    code = "shipment_time_odd"
    title = "Nothing happens to a parcel long before it is sent, or in the future: look at the time"


class OperationKeyReused(Rejected):
    code = "idempotency_key_reused"
    title = "This Idempotency-Key came with another request before: take a fresh one"


class AmountDiffers(Conflict):
    code = "order_amount_differs"
    title = "The money captured is not the order's total: compare the payment with the order"


class OrderBusy(Conflict):
    code = "order_busy"
    title = "Another change of this order is under way: wait for its end, then try again"


class OrderNotCancellable(Conflict):
    code = "order_not_cancellable"
    title = "Something was sent, or nothing paid: take a return instead, or cancel the rest"


class RestNotCancellable(Conflict):
    code = "rest_not_cancellable"
    title = "Only of an order that was sent in part can the rest be cancelled: edit or cancel it"


class OrderNotSendable(Conflict):
    code = "order_not_sendable"
    title = "Only paid orders with units left to send can be sent"


class OrderNotEditable(Conflict):
    code = "order_not_editable"
    title = "Only a paid order of which nothing was sent can be edited"


class NothingToShip(Conflict):
    code = "nothing_to_ship"
    title = "No units of this order are promised there: look at its allocations"


class NotAllocatedThere(Conflict):
    code = "not_allocated_there"
    title = "The location does not hold so many units for this order: ship from another as well"


class LineRefunded(Conflict):
    code = "line_refunded"
    title = "Money was given back for this line already: it cannot be edited any more"


class RefundExceedsPayment(Conflict):
    code = "refund_exceeds_payment"
    title = "So much was not paid, or it went back already: look at the payments"


class RefundFailed(Conflict):
    code = "refund_failed"
    title = "The provider could not give the money back: look at the payment, then try again"


class RefundIncomplete(Conflict):
    code = "refund_incomplete"
    title = "Some of the money went back, the rest was refused: try the operation again, or give up"


class OperationNotPartial(Conflict):
    code = "operation_not_partial"
    title = "Only an operation that was done in part is tried again or given up: read it again"


class OutOfStock(Conflict):
    code = "out_of_stock"
    title = "There is not enough in stock and nothing was changed: lower the quantity"


class PaymentNotTaken(Conflict):
    code = "payment_not_captured"
    title = "The difference could not be charged and nothing was changed: try another card"


class ReturnNotPossible(Conflict):
    code = "return_not_possible"
    title = "Only units that were sent and are not on their way back can be returned"


class ReturnTooLate(Conflict):
    code = "return_too_late"
    title = "The time in which this order could be returned is over: write to us"


class ReturnNotOpen(Conflict):
    code = "return_not_open"
    title = "The return is at another stage: read it again"


class ShipmentDelivered(Conflict):
    code = "shipment_delivered"
    title = "The shipment has arrived already"


def every_error() -> dict[str, type[BodegaError]]:
    """By code: how a failed operation that was recorded is told again."""
    found: dict[str, type[BodegaError]] = {}
    waiting: list[type[BodegaError]] = [BodegaError]
    while waiting:
        for error in waiting.pop().__subclasses__():
            waiting.append(error)
            if error.__module__ == __name__:
                found[error.code] = error
    return found


def refusal(code: str | None, detail: str | None) -> BodegaError:
    """The error a recorded failure stands for; one of another module's is a plain conflict."""
    known = every_error().get(code or "")
    if known is not None:
        return known(detail or "")
    return Conflict(detail or "", reason=code)

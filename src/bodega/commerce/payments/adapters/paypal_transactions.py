"""PayPal's transaction report as payments: captures, their refunds and fees put together.

Event codes: https://developer.paypal.com/docs/reports/reference/tcodes (T00xx payments, T11xx
reversals and refunds, T13xx authorisations). What PayPal takes back or holds for a dispute (T1106,
T1110, T1111) is no refund: the dispute itself tells of it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from bodega.commerce.payments.adapters.paypal_reading import from_paypal, instant, own_id
from bodega.commerce.payments.adapters.port import (
    ProviderRecord,
    ProviderRefund,
    ProviderRefundStatus,
    ProviderStatus,
)
from bodega.kernel.money import Money

_REFUNDED = "T1107"
_VOIDED = "T1302"
_REFUND: dict[str, ProviderRefundStatus] = {"S": "succeeded", "P": "pending"}


def records(transactions: Iterable[dict[str, Any]]) -> Iterator[ProviderRecord]:
    """Newest first; a hold that was captured is told once, as the capture."""
    payments: dict[str, dict[str, Any]] = {}
    back: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for info in transactions:
        code = info["transaction_event_code"]
        if code == _REFUNDED and info.get("paypal_reference_id"):
            back[info["paypal_reference_id"]].append(info)
        elif code.startswith(("T00", "T13")) and code != _VOIDED:
            payments[info["transaction_id"]] = info
    taken = {info.get("custom_field") for info in payments.values() if _took(info)}
    chosen = [
        info for info in payments.values() if _took(info) or info.get("custom_field") not in taken
    ]
    for info in sorted(
        chosen, key=lambda info: str(info["transaction_initiation_date"]), reverse=True
    ):
        yield _record(info, back[info["transaction_id"]])


def _took(info: dict[str, Any]) -> bool:
    return str(info["transaction_event_code"]).startswith("T00")


def _record(info: dict[str, Any], back: list[dict[str, Any]]) -> ProviderRecord:
    amount = from_paypal(info["transaction_amount"])
    zero = Money.zero(amount.currency)
    refunds = tuple(_refund(item) for item in back)
    gone = sum(one.amount.amount for one in refunds if one.status == "succeeded")
    fee = info.get("fee_amount")
    took = _took(info) and info["transaction_status"] == "S"
    return ProviderRecord(
        reference=info["transaction_id"],
        payment_id=own_id(info.get("custom_field")),
        status=_status(info),
        amount=amount,
        captured=amount if took else zero,
        refunded=Money(amount=gone, currency=amount.currency),
        created_at=instant(info["transaction_initiation_date"]),
        fee=-from_paypal(fee) if fee else None,
        refunds=refunds,
    )


def _status(info: dict[str, Any]) -> ProviderStatus:
    if info["transaction_status"] == "D":
        return "declined"
    if info["transaction_status"] == "V":
        return "cancelled"
    if info["transaction_status"] == "P" and _took(info):
        return "processing"
    return "captured" if _took(info) else "authorised"


def _refund(info: dict[str, Any]) -> ProviderRefund:
    return ProviderRefund(
        reference=info["transaction_id"],
        status=_REFUND.get(info["transaction_status"], "failed"),
        amount=-from_paypal(info["transaction_amount"]),
        refund_id=own_id(info.get("custom_field")),
    )

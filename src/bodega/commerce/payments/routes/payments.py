"""HTTP of payments: for staff only, buyers pay through checkout."""

from typing import Annotated

from fastapi import status

from bodega.backbone.http.deps import SagaClaim, Staff, provided
from bodega.backbone.http.router import admin_router
from bodega.commerce.payments.errors import PaymentNotFound
from bodega.contracts.payments import PaymentRecord, Payments, RefundView
from bodega.kernel.ids import CommandId, PaymentId, RefundId

staff = admin_router("payments", "/payments")
refunds = admin_router("payments", "/refunds")

Till = Annotated[Payments, provided(Payments)]


@staff.get("/{payment_id}")
async def get_payment(who: Staff, payments: Till, payment_id: PaymentId) -> PaymentRecord:
    """The payment with every transition."""
    record = await payments.record(payment_id)
    if record is None:
        raise PaymentNotFound
    return record


@refunds.post("/{refund_id}/retry", status_code=status.HTTP_201_CREATED)
async def retry_refund(
    who: Staff, payments: Till, claim: SagaClaim, refund_id: RefundId
) -> RefundView:
    """Another try for a refund that failed, of the same amount; its status says how it went."""
    return await payments.retry_refund(command_id=CommandId(claim.id), refund_id=refund_id)

"""HTTP of payments: for staff only, buyers pay through checkout."""

from typing import Annotated

from bodega.backbone.http.deps import Staff, provided
from bodega.backbone.http.router import admin_router
from bodega.commerce.payments.errors import PaymentNotFound
from bodega.contracts.payments import PaymentRecord, Payments
from bodega.kernel.ids import PaymentId

staff = admin_router("payments", "/payments")


@staff.get("/{payment_id}")
async def get_payment(
    who: Staff, payments: Annotated[Payments, provided(Payments)], payment_id: PaymentId
) -> PaymentRecord:
    """The payment with every transition."""
    record = await payments.record(payment_id)
    if record is None:
        raise PaymentNotFound
    return record

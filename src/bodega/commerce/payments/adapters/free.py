"""Nothing to pay: a total of zero needs no provider."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from uuid import UUID

from bodega.commerce.payments.adapters.port import (
    Authorisation,
    ProviderDispute,
    ProviderPayment,
    ProviderRecord,
    ProviderRefund,
    ProviderStatus,
)
from bodega.kernel.money import Money


class FreeOfCharge:
    """Agrees to everything, for zero; has nothing to give back and nothing on its books."""

    name = "none"

    async def authorise(self, asked: Authorisation) -> ProviderPayment:
        status: ProviderStatus = "captured" if asked.capture == "automatic" else "authorised"
        return _answer(asked.payment_id, status, asked.amount)

    async def find(self, *, payment_id: UUID, since: datetime) -> ProviderPayment | None:
        return None

    async def retrieve(self, *, payment_id: UUID, reference: str) -> ProviderPayment:
        return _answer(payment_id, "authorised", Money.zero("EUR"))

    async def capture(self, *, payment_id: UUID, reference: str, amount: Money) -> ProviderPayment:
        return _answer(payment_id, "captured", amount)

    async def void(self, *, payment_id: UUID, reference: str) -> ProviderPayment:
        return ProviderPayment(reference, "cancelled", Money.zero("EUR"))

    async def refund(
        self, *, refund_id: UUID, reference: str, amount: Money, reason: str
    ) -> ProviderRefund:
        return ProviderRefund(f"free_{refund_id}", "succeeded", amount, refund_id)

    async def find_refund(self, *, refund_id: UUID, reference: str) -> ProviderRefund | None:
        return None

    async def list_payments(
        self, *, since: datetime, until: datetime
    ) -> AsyncIterator[ProviderRecord]:
        nothing: tuple[ProviderRecord, ...] = ()
        for record in nothing:
            yield record

    async def dispute(self, reference: str) -> ProviderDispute | None:
        return None

    async def list_disputes(
        self, *, since: datetime, until: datetime
    ) -> AsyncIterator[ProviderDispute]:
        nothing: tuple[ProviderDispute, ...] = ()
        for dispute in nothing:
            yield dispute

    async def submit_evidence(
        self, reference: str, *, evidence: Mapping[str, str], submit: bool
    ) -> ProviderDispute:
        raise LookupError("nothing was charged, so nothing is disputed")

    async def aclose(self) -> None:
        return None


def _answer(payment_id: UUID, status: ProviderStatus, amount: Money) -> ProviderPayment:
    return ProviderPayment(f"free_{payment_id}", status, amount)

"""Nothing to pay: a total of zero needs no provider."""

from datetime import datetime
from uuid import UUID

from bodega.commerce.payments.adapters.port import ProviderPayment, ProviderStatus
from bodega.kernel.money import Money


class FreeOfCharge:
    """Agrees to everything, for zero."""

    name = "none"

    async def authorise(self, *, payment_id: UUID, amount: Money, token: str) -> ProviderPayment:
        return _answer(payment_id, "authorised", amount)

    async def find(self, *, payment_id: UUID, since: datetime) -> ProviderPayment | None:
        return None

    async def capture(self, *, payment_id: UUID, reference: str, amount: Money) -> ProviderPayment:
        return _answer(payment_id, "captured", amount)

    async def void(self, *, payment_id: UUID, reference: str) -> ProviderPayment:
        return ProviderPayment(reference, "cancelled", Money.zero("EUR"))

    async def aclose(self) -> None:
        return None


def _answer(payment_id: UUID, status: ProviderStatus, amount: Money) -> ProviderPayment:
    return ProviderPayment(f"free_{payment_id}", status, amount)

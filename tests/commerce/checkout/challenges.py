"""Payments whose bank asks the buyer first: real ones once the buyer has acted, none before."""

from typing import Any

from bodega.contracts.payments import Payments, PaymentView
from bodega.kernel.ids import CheckoutId, PaymentId, new_id
from bodega.kernel.money import Money

BANK = "https://bank.example/challenge"


class Challenged:
    """`acted` is what the buyer did at the bank: nothing yet, or said yes."""

    def __init__(self, real: Payments) -> None:
        self._real = real
        self._asked: dict[CheckoutId, dict[str, Any]] = {}
        self.acted = False

    async def authorise(
        self, *, checkout_id: CheckoutId, amount: Money, **request: Any
    ) -> PaymentView:
        self._asked[checkout_id] = {"amount": amount, **request}
        return await self.confirm(checkout_id=checkout_id)

    async def confirm(self, *, checkout_id: CheckoutId) -> PaymentView:
        asked = self._asked[checkout_id]
        if self.acted:
            return await self._real.authorise(checkout_id=checkout_id, **asked)
        return PaymentView(
            id=PaymentId(new_id()),
            checkout_id=checkout_id,
            amount=asked["amount"],
            status="requires_action",
            action_url=BANK,
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

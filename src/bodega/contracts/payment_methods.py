"""Cards that a provider keeps for customers."""

from typing import Literal, Protocol

from pydantic import BaseModel

from bodega.kernel.ids import CommandId, UserId


class SavedMethod(BaseModel):
    """A card that the provider keeps for a customer; `token` pays with it."""

    token: str
    brand: str | None
    last4: str | None
    exp_month: int | None
    exp_year: int | None


class MethodSetup(BaseModel):
    """Saving a card. `requires_action` sends the customer to `action_url`; with `client_secret` the
    provider's own form in the browser takes the card, which never comes near us."""

    id: str
    status: Literal["requires_method", "requires_action", "saved", "failed"]
    action_url: str | None = None
    client_secret: str | None = None
    failure_code: str | None = None
    method: SavedMethod | None = None


class PaymentMethods(Protocol):
    """Cards kept by the provider for signed-in customers; we hold no part of them."""

    async def begin_setup(
        self,
        *,
        command_id: CommandId,
        customer_id: UserId,
        payment_token: str | None = None,
        return_url: str | None = None,
    ) -> MethodSetup:
        """With a token the card is saved at once or asks for an action; without one the browser
        confirms with the `client_secret`."""

    async def setup(self, *, customer_id: UserId, setup_id: str) -> MethodSetup | None:
        """How it stands with the provider; None for one that is not this customer's."""

    async def methods(self, customer_id: UserId) -> list[SavedMethod]: ...

    async def remove(self, *, customer_id: UserId, token: str) -> bool:
        """False when this customer keeps no such method (any more)."""

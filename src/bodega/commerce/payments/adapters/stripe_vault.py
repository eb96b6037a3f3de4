"""Cards that Stripe keeps for customers: SetupIntents, customers, payment methods.

A card is known here by its token alone; brand, last digits and expiry are shown, never stored.
"""

from collections.abc import Awaitable
from typing import Any, TypeVar
from uuid import UUID

import stripe

from bodega.backbone.settings import Settings
from bodega.commerce.payments.adapters.stripe_http import StripeRoad, asked
from bodega.commerce.payments.adapters.stripe_reading import action_url, failure
from bodega.commerce.payments.errors import ProviderRefused, SetupChanged
from bodega.contracts.payment_methods import MethodSetup, SavedMethod

T = TypeVar("T")

_METHOD: Any = ["payment_method"]
_MAX = 100


class StripeVault:
    """Customers are named by Stripe's own ids."""

    name = "stripe"

    def __init__(self, settings: Settings) -> None:
        self._road = StripeRoad(settings)

    async def open_customer(self, user_id: UUID) -> str:
        """Stripe learns our id of the customer and nothing else about them."""
        call = self._road.api.customers.create_async(
            {"metadata": {"user_id": str(user_id)}}, {"idempotency_key": f"customer-{user_id}"}
        )
        return str((await asked(call)).id)

    async def begin_setup(
        self, *, command_id: UUID, customer: str, token: str | None, return_url: str | None
    ) -> MethodSetup:
        wanted: dict[str, Any] = {
            "customer": customer,
            "usage": "off_session",
            "payment_method_types": ["card"],
            "expand": _METHOD,
        }
        if token:
            wanted |= {"payment_method": token, "confirm": True}
            if return_url:
                wanted["return_url"] = return_url
        options: Any = {"idempotency_key": f"setup-{command_id}"}
        given: Any = wanted
        try:
            call = self._road.api.setup_intents.create_async(given, options)
            return _setup(await _once(call))
        except (stripe.CardError, stripe.InvalidRequestError) as error:
            code, _ = failure(error.error)
            intent = getattr(error.error, "setup_intent", None)
            return MethodSetup(id=intent.id if intent else "", status="failed", failure_code=code)

    async def setup(self, *, customer: str, setup_id: str) -> MethodSetup | None:
        """None for one that is another customer's, or nobody's."""
        call = self._road.api.setup_intents.retrieve_async(setup_id, {"expand": _METHOD})
        try:
            found = await asked(call)
        except stripe.InvalidRequestError:
            return None
        return _setup(found) if found.customer == customer else None

    async def methods(self, customer: str) -> list[SavedMethod]:
        """Newest first."""
        call = self._road.api.payment_methods.list_async(
            {"customer": customer, "type": "card", "limit": _MAX}
        )
        return [_method(found) for found in (await asked(call)).data]

    async def remove(self, *, customer: str, token: str) -> bool:
        if token not in [kept.token for kept in await self.methods(customer)]:
            return False
        try:
            await asked(self._road.api.payment_methods.detach_async(token))
        except stripe.InvalidRequestError:
            return False
        return True

    async def aclose(self) -> None:
        await self._road.aclose()


async def _once(call: Awaitable[T]) -> T:
    """Stripe remembers what a key was used for; another card under it is the caller's mistake."""
    try:
        return await asked(call)
    except ProviderRefused as error:
        if isinstance(error.__cause__, stripe.IdempotencyError):
            raise SetupChanged from error
        raise


def _setup(intent: Any) -> MethodSetup:
    url = action_url(intent)
    if intent.status == "succeeded":
        return MethodSetup(id=intent.id, status="saved", method=_method(intent.payment_method))
    if intent.status == "requires_action" and url:
        return MethodSetup(id=intent.id, status="requires_action", action_url=url)
    if intent.status == "requires_action" or intent.last_setup_error or intent.status == "canceled":
        code = getattr(intent.last_setup_error, "code", None) or "authentication_required"
        return MethodSetup(id=intent.id, status="failed", failure_code=code)
    return MethodSetup(id=intent.id, status="requires_method", client_secret=intent.client_secret)


def _method(found: Any) -> SavedMethod:
    card = found.card
    return SavedMethod(
        token=found.id,
        brand=card.brand,
        last4=card.last4,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
    )

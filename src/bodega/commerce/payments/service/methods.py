"""Cards kept for customers: saved, listed, removed, all of it at the provider."""

from bodega.backbone.module import Context
from bodega.commerce.payments.adapters.stripe_vault import StripeVault
from bodega.commerce.payments.service.customers import known_customer, opened_customer
from bodega.contracts.payment_methods import MethodSetup, SavedMethod
from bodega.kernel.ids import CommandId, UserId


class PaymentMethodsService:
    """Answers `bodega.contracts.payment_methods.PaymentMethods`."""

    def __init__(self, context: Context) -> None:
        self._database = context.database
        self._vault = StripeVault(context.settings)

    async def aclose(self) -> None:
        await self._vault.aclose()

    async def begin_setup(
        self,
        *,
        command_id: CommandId,
        customer_id: UserId,
        payment_token: str | None = None,
        return_url: str | None = None,
    ) -> MethodSetup:
        return await self._vault.begin_setup(
            command_id=command_id,
            customer=await self._opened(customer_id),
            token=payment_token,
            return_url=return_url,
        )

    async def setup(self, *, customer_id: UserId, setup_id: str) -> MethodSetup | None:
        known = await self._known(customer_id)
        return await self._vault.setup(customer=known, setup_id=setup_id) if known else None

    async def methods(self, customer_id: UserId) -> list[SavedMethod]:
        known = await self._known(customer_id)
        return await self._vault.methods(known) if known else []

    async def remove(self, *, customer_id: UserId, token: str) -> bool:
        known = await self._known(customer_id)
        return await self._vault.remove(customer=known, token=token) if known else False

    async def _known(self, customer_id: UserId) -> str | None:
        return await known_customer(self._database, self._vault, customer_id)

    async def _opened(self, customer_id: UserId) -> str:
        return await opened_customer(self._database, self._vault, customer_id)

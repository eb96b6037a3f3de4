"""What the provider calls a customer: asked for once, then remembered."""

from bodega.backbone.db import Database
from bodega.commerce.payments.adapters.stripe_vault import StripeVault
from bodega.commerce.payments.repository import customers
from bodega.kernel.ids import UserId


async def known_customer(database: Database, vault: StripeVault, user_id: UserId) -> str | None:
    async with database.reading() as connection:
        return await customers.reference_of(connection, user_id, vault.name)


async def opened_customer(database: Database, vault: StripeVault, user_id: UserId) -> str:
    """Asked twice at once, it is the same one."""
    known = await known_customer(database, vault, user_id)
    if known is not None:
        return known
    reference = await vault.open_customer(user_id)
    async with database.work() as uow:
        await customers.remember(uow.connection, user_id, vault.name, reference)
    return await known_customer(database, vault, user_id) or reference

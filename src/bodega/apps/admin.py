"""The first administrator, and what an operator may do to users without signing in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bodega.apps.compose import Shop, compose
from bodega.backbone.db import Database
from bodega.backbone.settings import Settings
from bodega.commerce.identity import service
from bodega.commerce.identity.adapters.known import KnownTokens
from bodega.contracts.identity import UserView
from bodega.kernel.page import PageRequest


async def ensure_admin(settings: Settings) -> str | None:
    """Make `settings.admin_email` an admin unless there is one; the password, told this once.

    Safe when several processes start at the same time: one of them makes it. Raises EmailTaken
    when a customer has the e-mail.
    """
    database = Database(settings)
    try:
        async with database.work(actor="system:first-start") as uow:
            return await service.first_admin(uow, email=settings.admin_email)
    finally:
        await database.close()


async def create_admin(settings: Settings, email: str) -> str:
    """One more admin; the password, told this once. Raises EmailTaken, EmailMalformed."""
    async with _shop(settings) as shop, shop.context.database.work(actor="operator") as uow:
        return await service.create_admin(uow, email=email)


async def set_password(settings: Settings, email: str, password: str) -> UserView:
    """Also ends every session of the user. Raises UserNotFound, WeakPassword."""
    async with _shop(settings) as shop, shop.context.database.work(actor="operator") as uow:
        known, now = KnownTokens(shop.context), shop.context.clock.now()
        return await service.set_password(uow, known, email=email, password=password, now=now)


async def list_users(settings: Settings, limit: int) -> list[UserView]:
    """Newest first."""
    async with _shop(settings) as shop, shop.context.database.work(actor="operator") as uow:
        return (await service.list_users(uow.connection, page=PageRequest(limit=limit))).items


@asynccontextmanager
async def _shop(settings: Settings) -> AsyncIterator[Shop]:
    shop = compose(settings)
    try:
        yield shop
    finally:
        await shop.close()

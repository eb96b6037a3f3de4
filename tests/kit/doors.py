"""Signing in as users do: over HTTP, with a password, for a bearer token."""

from contextlib import AsyncExitStack
from uuid import uuid4

import httpx
from fastapi import FastAPI

from bodega.apps.admin import ensure_admin
from bodega.backbone.settings import Settings

PASSWORD = "correct horse battery"


def key() -> dict[str, str]:
    """A fresh Idempotency-Key header."""
    return {"idempotency-key": str(uuid4())}


class Doors:
    """Clients that carry a token; they live as long as the test's event loop."""

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        self.app = app
        self.settings = settings
        self.open = AsyncExitStack()

    def guest(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://shop.test")

    async def with_token(self, email: str, password: str = PASSWORD) -> httpx.AsyncClient:
        client = self.guest()
        answer = await client.post(
            "/api/v1/auth/token", json={"email": email, "password": password}
        )
        answer.raise_for_status()
        client.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
        return client

    async def customer(self, email: str | None = None) -> httpx.AsyncClient:
        """A customer who has just registered."""
        email = email or f"{uuid4().hex[:12]}@example.com"
        body = {"email": email, "password": PASSWORD, "name": "Ada Buyer"}
        answer = await self.guest().post("/api/v1/auth/register", json=body, headers=key())
        answer.raise_for_status()
        return await self.with_token(email)

    async def admin(self) -> httpx.AsyncClient:
        """The first administrator; ask once a test."""
        password = await ensure_admin(self.settings)
        assert password, "there is an administrator already"
        return await self.with_token(self.settings.admin_email, password)

    async def staff(self, admin: httpx.AsyncClient) -> httpx.AsyncClient:
        """A customer whom the admin made staff."""
        email = f"{uuid4().hex[:12]}@example.com"
        me = (await (await self.customer(email)).get("/api/v1/me")).json()
        answer = await admin.patch(f"/api/v1/admin/users/{me['id']}", json={"role": "staff"})
        answer.raise_for_status()
        return await self.with_token(email)

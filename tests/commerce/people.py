"""People and goods of a test, made through the shop's own doors."""

from typing import Any
from uuid import uuid4

import httpx

from bodega.apps.admin import ensure_admin
from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.contracts.inventory import Inventory
from bodega.kernel.ids import CommandId, VariantId

PASSWORD = "correct horse battery"
Headers = dict[str, str]


def fresh_key() -> Headers:
    return {"idempotency-key": str(uuid4())}


def bearer(token: str) -> Headers:
    return {"authorization": f"Bearer {token}"}


async def register(client: httpx.AsyncClient, email: str | None = None) -> dict[str, Any]:
    """The tokens of a new customer."""
    body = {"email": email or f"{uuid4().hex}@example.com", "password": PASSWORD}
    answer = await client.post("/api/v1/auth/register", json=body)
    assert answer.status_code == 201, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


async def customer(client: httpx.AsyncClient, email: str | None = None) -> Headers:
    return bearer((await register(client, email))["access_token"])


async def admin(client: httpx.AsyncClient, settings: Settings) -> Headers:
    """The first admin; once a test."""
    password = await ensure_admin(settings)
    body = {"email": settings.admin_email, "password": password}
    answer = await client.post("/api/v1/auth/token", json=body)
    return bearer(answer.json()["access_token"])


async def user_id(client: httpx.AsyncClient, who: Headers) -> str:
    found: str = (await client.get("/api/v1/me", headers=who)).json()["id"]
    return found


async def staff(client: httpx.AsyncClient, settings: Settings) -> Headers:
    """A customer whom the first admin made staff; once a test."""
    boss, who = await admin(client, settings), await customer(client)
    address = f"/api/v1/admin/users/{await user_id(client, who)}"
    answer = await client.patch(address, json={"role": "staff"}, headers=boss)
    assert answer.status_code == 200, answer.text
    return who


async def product(client: httpx.AsyncClient, who: Headers, **values: Any) -> dict[str, Any]:
    """A new product; `price` and `currency` make its only variant."""
    price = {"amount": values.pop("price", 599), "currency": values.pop("currency", "GBP")}
    body = {
        "title": "Red Mug",
        "slug": f"mug-{uuid4().hex[:8]}",
        "variants": [{"sku": uuid4().hex[:12], "price": price}],
    }
    answer = await client.post(
        "/api/v1/admin/products", json=body | values, headers=who | fresh_key()
    )
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def put_in_stock(context: Context, variant_id: str, quantity: int) -> None:
    await context.container.get(Inventory).receive(
        command_id=CommandId(uuid4()),
        variant_id=VariantId(variant_id),  # type: ignore[arg-type]
        quantity=quantity,
        reason="delivery",
    )

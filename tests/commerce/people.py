"""People and goods of a test, made through the shop's own doors."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import httpx

from bodega.apps.admin import ensure_admin
from bodega.backbone.module import Context, Handler
from bodega.backbone.settings import Settings
from bodega.contracts.inventory import Inventory
from bodega.contracts.orders import OrderLine, Orders, PlacedOrder, PlaceOrder
from bodega.kernel.events import Envelope, Event
from bodega.kernel.ids import CommandId, VariantId
from bodega.kernel.money import Money

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


async def put_in_stock(context: Context, variant_id: str | UUID, quantity: int) -> None:
    await context.container.get(Inventory).receive(
        command_id=CommandId(uuid4()),
        variant_id=VariantId(UUID(str(variant_id))),
        quantity=quantity,
        reason="delivery",
    )


async def place_order(context: Context, product: dict[str, Any], **values: Any) -> PlacedOrder:
    """An order for one unit, as the checkout saga places it."""
    variant = product["variants"][0]
    price = Money.model_validate(variant["price"])
    line = OrderLine(
        product_id=product["id"],
        variant_id=variant["id"],
        sku=variant["sku"],
        title=product["title"],
        quantity=1,
        unit_price=price,
        total=price,
    )
    request = {
        "checkout_id": uuid4(),
        "cart_id": uuid4(),
        "customer_id": None,
        "email": "maria@example.com",
        "shipping_address": {"name": "Maria", "line1": "Weg 1", "city": "Köln", "country": "DE"},
        "lines": [line],
        "total": price,
    }
    return await context.container.get(Orders).place(
        command_id=CommandId(uuid4()), request=PlaceOrder.model_validate(request | values)
    )


async def react(context: Context, handlers: Sequence[Handler], event: Event) -> None:
    """What a consumer does with one event: every handler of it, in a unit of work."""
    envelope = Envelope(
        event_id=uuid4(),
        type=event.type,
        version=event.version,
        key=event.key,
        occurred_at=context.clock.now(),
        correlation_id="test",
        actor="test",
        payload=event.model_dump(mode="json"),
    )
    for handler in handlers:
        if isinstance(event, handler.events):
            async with context.database.work() as uow:
                await handler.react(context, uow, envelope, event)

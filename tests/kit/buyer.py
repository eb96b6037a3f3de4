"""A buyer over HTTP, as stubborn as a good client: one Idempotency-Key until an answer comes."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

ADDRESS = {
    "name": "Ada Buyer",
    "line1": "1 High Street",
    "city": "London",
    "postal_code": "N1 1AA",
    "country": "GB",
}
CARD = "pm_card_visa"
RETRIED = {409: {"idempotency_in_progress", "checkout_in_progress"}}


@dataclass
class Buyer:
    """Opens a cart, fills it, checks out. `patience` is seconds of retrying through outages."""

    client: httpx.AsyncClient
    email: str = field(default_factory=lambda: f"{uuid4().hex[:12]}@example.com")
    card: str = CARD
    patience: float = 0.0
    return_url: str | None = None
    retries: int = field(default=0, init=False)

    async def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """One thing meant once, however often it takes."""
        headers = {"idempotency-key": str(uuid4())}
        deadline = asyncio.get_running_loop().time() + self.patience
        while True:
            late = asyncio.get_running_loop().time() > deadline
            try:
                answer = await self.client.request(
                    method, f"/api/v1{path}", json=body, headers=headers
                )
                if late or not self._worth_retrying(answer):
                    return answer
            except httpx.TransportError:
                if late:
                    raise
            self.retries += 1
            await asyncio.sleep(0.25)

    @staticmethod
    def _worth_retrying(answer: httpx.Response) -> bool:
        if answer.status_code == 202:
            return answer.json().get("state") != "waiting"
        if answer.status_code >= 500:
            return True
        codes = RETRIED.get(answer.status_code)
        return codes is not None and answer.json().get("code") in codes

    async def fill_cart(self, variant_id: str, quantity: int = 1) -> str:
        cart = await self.ask("POST", "/carts")
        cart.raise_for_status()
        cart_id: str = cart.json()["id"]
        line = await self.ask("PUT", f"/carts/{cart_id}/lines/{variant_id}", {"quantity": quantity})
        line.raise_for_status()
        return cart_id

    def wanted(self, cart_id: str) -> dict[str, Any]:
        """What a checkout is asked with."""
        wanted: dict[str, Any] = {
            "cart_id": cart_id,
            "email": self.email,
            "shipping_address": ADDRESS,
            "payment_token": self.card,
        }
        if self.return_url:
            wanted["return_url"] = self.return_url
        return wanted

    async def check_out(self, cart_id: str) -> httpx.Response:
        return await self.ask("POST", "/checkouts", self.wanted(cart_id))

    async def buy(self, variant_id: str, quantity: int = 1) -> httpx.Response:
        return await self.check_out(await self.fill_cart(variant_id, quantity))


@asynccontextmanager
async def staff_client(
    url: str, password: str, email: str = "admin@bodega.local"
) -> AsyncIterator[httpx.AsyncClient]:
    """A client that carries the administrator's bearer token."""
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        credentials = {"email": email, "password": password}
        answer = await client.post("/api/v1/auth/token", json=credentials)
        answer.raise_for_status()
        client.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
        yield client


async def product_with_stock(staff: httpx.AsyncClient, stock: int, price: int = 599) -> str:
    """A fresh product; the id of its variant."""
    sku = f"TEST-{uuid4().hex[:10]}"
    body = {
        "title": f"Test {sku}",
        "variants": [{"sku": sku, "price": {"amount": price, "currency": "GBP"}}],
    }
    made = await staff.post(
        "/api/v1/admin/products", json=body, headers={"idempotency-key": str(uuid4())}
    )
    made.raise_for_status()
    variant_id: str = made.json()["variants"][0]["id"]
    moved = await staff.post(
        "/api/v1/admin/stock-movements",
        json={"variant_id": variant_id, "quantity": stock, "reason": "opening stock"},
        headers={"idempotency-key": str(uuid4())},
    )
    moved.raise_for_status()
    return variant_id


async def sign_in_to_console(client: httpx.AsyncClient, email: str, password: str) -> None:
    """The web's sign-in form, hidden fields and all; the cookie stays in the client."""
    page = await client.get("/sign-in")
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    fields = {**hidden, "email": email, "password": password}
    answer = await client.post("/sign-in", data=fields)
    assert answer.status_code == 303, answer.text

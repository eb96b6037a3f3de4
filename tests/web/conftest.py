"""A shop of fakes, and browsers without JavaScript that visit it."""

import re

import httpx
import pytest
from fastapi import FastAPI

from bodega.backbone.settings import Settings
from tests.kit.doors import Doors
from tests.web.shop import PASSWORD, FakeShop

_INPUT = re.compile(r"<input[^>]*>")
_FORM = re.compile(r'<form[^>]*action="([^"]*)"[^>]*>(.*?)</form>', re.DOTALL)


def shop_of(**settings: object) -> FakeShop:
    return FakeShop(Settings(_env_file=None, **settings))


@pytest.fixture
def shop() -> FakeShop:
    return shop_of()


class Browser:
    """Keeps cookies, asks for HTML, and posts forms with their hidden fields as they stand."""

    def __init__(self, shop: FakeShop | FastAPI, *, scheme: str = "http") -> None:
        app = shop if isinstance(shop, FastAPI) else shop.app
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url=f"{scheme}://shop.test",
            headers={"accept": "text/html,application/xhtml+xml"},
        )

    async def get(self, path: str, **options: object) -> httpx.Response:
        return await self.client.get(path, **options)

    async def fields(self, path: str, action: str) -> dict[str, str]:
        """The hidden fields of the form on `path` that posts to `action`."""
        page = await self.get(path)
        for found, body in _FORM.findall(page.text):
            if found == action and "csrf_token" in body:
                return {
                    name: value
                    for tag in _INPUT.findall(body)
                    if 'type="hidden"' in tag
                    for name, value in [(_part(tag, "name"), _part(tag, "value"))]
                }
        raise AssertionError(f"{path} has no form for {action}")

    async def send(self, path: str, action: str, **typed: object) -> httpx.Response:
        """Open `path`, fill in its form for `action`, send it."""
        return await self.post(action, {**await self.fields(path, action), **typed})

    async def post(self, action: str, data: dict[str, object]) -> httpx.Response:
        return await self.client.post(action, data=data)

    async def sign_in(self, email: str) -> httpx.Response:
        return await self.send("/sign-in", "/sign-in", email=email, password=PASSWORD)


def _part(tag: str, name: str) -> str:
    found = re.search(rf'{name}="([^"]*)"', tag)
    return found[1] if found else ""


@pytest.fixture
def browser(shop: FakeShop) -> Browser:
    return Browser(shop)


@pytest.fixture
async def clerk(app: FastAPI, doors: Doors) -> Browser:
    """Somebody on the staff of a real shop, signed in."""
    client = await doors.staff(await doors.admin())
    browser = Browser(app)
    await browser.sign_in((await client.get("/api/v1/me")).json()["email"])
    return browser


@pytest.fixture
async def shopper(app: FastAPI, doors: Doors) -> Browser:
    """A customer of a real shop, signed in."""
    client = await doors.customer()
    browser = Browser(app)
    await browser.sign_in((await client.get("/api/v1/me")).json()["email"])
    return browser

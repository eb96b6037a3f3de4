"""Forms count only when they come from our own pages, and once however often they are sent."""

from uuid import uuid4

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from bodega.backbone.http.deps import Requires
from bodega.web.forms import ForeignForm, FormMangled, posted_form
from bodega.web.routes import ROUTERS
from tests.web.conftest import Browser
from tests.web.shop import CUSTOMER, PASSWORD, STAFF, FakeShop

ROUTES = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
POSTS = [route for route in ROUTES if "POST" in route.methods]
MUG = "/products/speckled-stoneware-mug"


def calls(dependant: Dependant) -> list[object]:
    return [call for part in dependant.dependencies for call in (part.call, *calls(part))]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.methods} {route.path}")
def test_every_route_declares_one_permission(route: APIRoute) -> None:
    asked = [call for call in calls(route.dependant) if isinstance(call, Requires)]
    assert len(asked) == 1


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.methods} {route.path}")
def test_every_route_that_changes_things_checks_its_form(route: APIRoute) -> None:
    changes = bool(route.methods - {"GET", "HEAD"})
    assert (posted_form in calls(route.dependant)) == changes


def test_there_are_routes_to_check() -> None:
    assert len(POSTS) >= 6


async def test_a_form_without_token_is_refused(browser: Browser, shop: FakeShop) -> None:
    fields = await browser.fields(MUG, f"{MUG}/cart")
    variant = shop.catalog.items[0].variants[0].id
    del fields["csrf_token"]
    answer = await browser.post(f"{MUG}/cart", {**fields, "variant_id": variant, "quantity": 1})
    assert answer.status_code == 403
    assert ForeignForm.title in answer.text
    assert not shop.carts.baskets


async def test_a_token_of_another_visitor_is_refused(browser: Browser, shop: FakeShop) -> None:
    stolen = await Browser(shop).fields("/sign-in", "/sign-in")
    await browser.get("/sign-in")
    answer = await browser.post("/sign-in", {**stolen, "email": CUSTOMER, "password": PASSWORD})
    assert answer.status_code == 403
    assert not shop.identity.sessions


async def test_a_token_from_before_signing_in_is_worth_nothing_after(browser: Browser) -> None:
    before = await browser.fields("/sign-in", "/sign-in")
    await browser.sign_in(CUSTOMER)
    answer = await browser.post("/sign-out", before)
    assert answer.status_code == 403


async def test_every_post_refuses_a_stranger(shop: FakeShop) -> None:
    for route in POSTS:
        names = dict.fromkeys(route.param_convertors, str(uuid4()))
        if "slug" in names:
            names["slug"] = "speckled-stoneware-mug"
        if "country" in names:
            names["country"] = "GB"
        path = route.url_path_for(route.name, **names)
        answer = await Browser(shop).post(path, {"csrf_token": "0" * 64})
        to_sign_in = answer.headers.get("location", "").startswith("/sign-in")
        assert answer.status_code == 403 or to_sign_in, path


async def test_huge_and_unmeasured_forms_are_refused(browser: Browser) -> None:
    fields = await browser.fields("/sign-in", "/sign-in")
    huge = await browser.post("/sign-in", {**fields, "email": "x" * 70_000})
    assert huge.status_code == 413

    async def drip():
        yield b"csrf_token=1"

    unmeasured = await browser.client.post("/sign-in", content=drip())
    assert unmeasured.status_code == 411


async def test_the_same_form_twice_adds_once(browser: Browser, shop: FakeShop) -> None:
    fields = await browser.fields(MUG, f"{MUG}/cart")
    variant = shop.catalog.items[0].variants[0].id
    form = {**fields, "variant_id": str(variant), "quantity": "2"}
    first = await browser.post(f"{MUG}/cart", form)
    again = await browser.post(f"{MUG}/cart", form)
    assert first.status_code == again.status_code == 303
    [basket] = shop.carts.baskets.values()
    assert basket.lines == {variant: 2}


async def test_the_same_form_with_other_content_is_another_wish(
    browser: Browser, shop: FakeShop
) -> None:
    fields = await browser.fields(MUG, f"{MUG}/cart")
    small, medium, _ = (variant.id for variant in shop.catalog.items[0].variants)
    await browser.post(f"{MUG}/cart", {**fields, "variant_id": str(small), "quantity": "1"})
    await browser.post(f"{MUG}/cart", {**fields, "variant_id": str(medium), "quantity": "1"})
    [basket] = shop.carts.baskets.values()
    assert basket.lines == {small: 1, medium: 1}


async def test_damaged_fields_get_a_sentence(browser: Browser) -> None:
    answer = await browser.send(MUG, f"{MUG}/cart", variant_id="mug", quantity="1")
    assert answer.status_code == 400
    assert FormMangled.title in answer.text
    answer = await browser.send(
        "/products/brass-desk-lamp", "/products/brass-desk-lamp/cart", quantity="lots"
    )
    assert answer.status_code == 400
    assert "whole number" in answer.text


async def test_staff_sign_in_leads_to_the_console(browser: Browser) -> None:
    answer = await browser.sign_in(STAFF)
    assert answer.headers["location"] == "/console"

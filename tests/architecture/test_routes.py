"""Every route says who may use it, and every POST how it is made safe to repeat."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from bodega.apps.modules import modules
from bodega.backbone.container import Container
from bodega.backbone.http.deps import Requires, claim, unit_of_work
from bodega.backbone.http.edge import create_app
from bodega.backbone.http.route import BodegaRoute
from bodega.backbone.settings import Settings
from bodega.kernel.ids import new_id
from bodega.kernel.principal import Principal, Role

# They answer secrets, which must not be recorded, or are harmless to repeat.
UNRECORDED = {
    "/api/v1/auth/register",
    "/api/v1/auth/token",
    "/api/v1/auth/refresh",
    "/api/v1/auth/revoke",
    "/api/v1/webhooks/{provider}",
}


def methods(route: APIRoute) -> set[str]:
    return route.methods or set()


ROUTES = [
    route for module in modules() for router in module.routers
    for route in router.routes if isinstance(route, APIRoute)
]  # fmt: skip
IDS = [f"{'|'.join(sorted(methods(route)))} {route.path}" for route in ROUTES]
STAFF = [(route, name) for route, name in zip(ROUTES, IDS, strict=True) if "/admin/" in route.path]


def calls(dependant: Dependant) -> Iterator[Any]:
    for part in dependant.dependencies:
        yield part.call
        yield from calls(part)


def permissions(route: APIRoute) -> list[Requires]:
    return [call for call in calls(route.dependant) if isinstance(call, Requires)]


def test_there_are_routes() -> None:
    assert len(ROUTES) > 20
    assert len(STAFF) > 5


@pytest.mark.parametrize("route", ROUTES, ids=IDS)
def test_every_route_states_exactly_one_permission(route: APIRoute) -> None:
    assert len(permissions(route)) == 1


@pytest.mark.parametrize("route", ROUTES, ids=IDS)
def test_every_route_is_of_our_class_and_under_the_version(route: APIRoute) -> None:
    assert isinstance(route, BodegaRoute)
    assert route.path.startswith("/api/v1/")


@pytest.mark.parametrize("route", ROUTES, ids=IDS)
def test_every_post_is_a_unit_of_work_or_a_saga_or_listed(route: APIRoute) -> None:
    if "POST" not in methods(route):
        return
    ways = set(calls(route.dependant)) & {unit_of_work, claim}
    assert len(ways) == (0 if route.path in UNRECORDED else 1)


def test_the_list_of_unrecorded_posts_holds_nothing_else() -> None:
    posts = {route.path for route in ROUTES if "POST" in methods(route)}
    assert posts >= UNRECORDED


@pytest.mark.parametrize("route", ROUTES, ids=IDS)
def test_reading_needs_no_unit_of_work_for_everyone(route: APIRoute) -> None:
    if methods(route) == {"GET"} and permissions(route)[0].role is Role.ANONYMOUS:
        assert unit_of_work not in calls(route.dependant)


@pytest.mark.parametrize("route", [route for route, _ in STAFF], ids=[name for _, name in STAFF])
def test_the_staff_side_asks_for_staff(route: APIRoute) -> None:
    assert permissions(route)[0].role in (Role.STAFF, Role.ADMIN)


@pytest.fixture(scope="module")
def every_route() -> FastAPI:
    """All routes, no servers: whoever gets past a permission crashes."""
    customer = Principal(id=new_id(), role=Role.CUSTOMER)

    async def authenticate(token: str) -> Principal | None:
        return customer if token == "customer" else None

    return create_app(
        Settings(_env_file=None),
        title="closed",
        routers=[router for module in modules() for router in module.routers],
        container=Container(),
        database=None,
        authenticate=authenticate,
    )


@pytest.fixture
def closed(every_route: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(every_route, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://shop.test")


@pytest.mark.parametrize("route", [route for route, _ in STAFF], ids=[name for _, name in STAFF])
@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 401), ({"authorization": "Bearer customer"}, 403), ({"authorization": "Bearer x"}, 401)],
    ids=["guest", "customer", "stranger"],
)
async def test_no_staff_route_opens_to_a_guest_or_a_customer(
    closed: httpx.AsyncClient, route: APIRoute, headers: dict[str, str], status: int
) -> None:
    at = route.path_format
    for name in route.param_convertors:
        at = at.replace("{" + name + "}", str(new_id()))
    for method in methods(route):
        answer = await closed.request(
            method, at, headers=headers | {"idempotency-key": "k"}, json={}
        )
        assert answer.status_code == status, answer.text

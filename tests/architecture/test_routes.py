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
    "/api/v1/order-passes",
    "/api/v1/auth/register",
    "/api/v1/auth/token",
    "/api/v1/auth/refresh",
    "/api/v1/auth/revoke",
    "/api/v1/webhooks/{provider}",
    "/api/v1/admin/users/erase",
    "/api/v1/admin/users/reveal",
}


def methods(route: APIRoute) -> set[str]:
    return route.methods or set()


ROUTES = {
    f"{'|'.join(sorted(methods(route)))} {route.path}": route
    for module in modules() for router in module.routers
    for route in router.routes if isinstance(route, APIRoute)
}  # fmt: skip
STAFF = {name: route for name, route in ROUTES.items() if "/admin/" in route.path}


def calls(dependant: Dependant) -> Iterator[Any]:
    for part in dependant.dependencies:
        yield part.call
        yield from calls(part)


def permissions(route: APIRoute) -> list[Requires]:
    return [call for call in calls(route.dependant) if isinstance(call, Requires)]


def ways(route: APIRoute) -> int:
    """In how many ways it is made safe to repeat."""
    return len(set(calls(route.dependant)) & {unit_of_work, claim})


def test_there_are_routes() -> None:
    assert len(ROUTES) > 20
    assert len(STAFF) > 5
    listed = [route for module in modules() for router in module.routers for route in router.routes]
    assert len(ROUTES) == sum(isinstance(route, APIRoute) for route in listed)


def test_every_route_states_exactly_one_permission() -> None:
    assert not [name for name, route in ROUTES.items() if len(permissions(route)) != 1]


def test_every_route_is_of_our_class_and_under_the_version() -> None:
    assert not [name for name, route in ROUTES.items() if not isinstance(route, BodegaRoute)]
    assert not [name for name, route in ROUTES.items() if not route.path.startswith("/api/v1/")]


def test_every_post_is_a_unit_of_work_or_a_saga_or_listed() -> None:
    posts = {name: route for name, route in ROUTES.items() if "POST" in methods(route)}
    assert not [
        name for name, route in posts.items() if ways(route) != (route.path not in UNRECORDED)
    ]
    assert {route.path for route in posts.values()} >= UNRECORDED


def test_reading_needs_no_unit_of_work_for_everyone() -> None:
    assert not [
        name
        for name, route in ROUTES.items()
        if methods(route) == {"GET"}
        and permissions(route)[0].role is Role.ANONYMOUS
        and unit_of_work in calls(route.dependant)
    ]


def test_the_staff_side_asks_for_staff() -> None:
    assert not [
        name
        for name, route in STAFF.items()
        if permissions(route)[0].role not in (Role.STAFF, Role.ADMIN)
    ]


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


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 401), ({"authorization": "Bearer customer"}, 403), ({"authorization": "Bearer x"}, 401)],
    ids=["guest", "customer", "stranger"],
)
async def test_no_staff_route_opens_to_a_guest_or_a_customer(
    closed: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    answers = {}
    for name, route in STAFF.items():
        at = route.path_format
        for part in route.param_convertors:
            at = at.replace("{" + part + "}", str(new_id()))
        for method in methods(route):
            answer = await closed.request(
                method, at, headers=headers | {"idempotency-key": "k"}, json={}
            )
            answers[f"{method} {name}"] = answer.status_code
    assert len(answers) >= len(STAFF)
    assert not {name: said for name, said in answers.items() if said != status}

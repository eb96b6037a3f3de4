"""Routers of modules: versioned prefix, our route class, built by the process that serves them."""

from collections.abc import Callable
from functools import partial
from typing import Any

from fastapi import APIRouter
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from bodega.backbone.http.route import BodegaRoute


class _LateRouter(APIRouter):
    """Builds its routes when somebody first looks at them: every process reads manifests, one
    serves them."""

    def __init__(self, **options: Any) -> None:
        self._late: list[Callable[[], None]] = []
        super().__init__(route_class=BodegaRoute, **options)
        self._literal = self.prefix.partition("{")[0]

    @property
    def routes(self) -> list[BaseRoute]:
        late, self._late = self._late, []
        for build in late:
            build()
        return self._routes

    @routes.setter
    def routes(self, routes: list[BaseRoute]) -> None:
        self._routes = routes

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Asked of every router for every request: whose prefix is another says so at once."""
        if not scope.get("root_path") and not scope["path"].startswith(self._literal):
            return Match.NONE, {}
        return super().matches(scope)

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self._late.append(partial(super().add_api_route, path, endpoint, **options))


def api_router(name: str, prefix: str, **options: Any) -> APIRouter:
    """`api_router("orders", "/orders")` serves `/api/v1/orders`."""
    return _LateRouter(prefix=f"/api/v1{prefix}", tags=[name], **options)


def admin_router(name: str, prefix: str, **options: Any) -> APIRouter:
    """Staff side: `/api/v1/admin/...`."""
    return _LateRouter(prefix=f"/api/v1/admin{prefix}", tags=[f"{name} (staff)"], **options)

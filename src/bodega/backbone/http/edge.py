"""The application every HTTP process is made of."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from bodega.backbone.container import Container
from bodega.backbone.db import Database
from bodega.backbone.http.health import Check
from bodega.backbone.http.health import router as health
from bodega.backbone.http.middleware import Edge
from bodega.backbone.http.problems import install_problems
from bodega.backbone.http.public_cache import PublicCache
from bodega.backbone.settings import Settings
from bodega.kernel.principal import Principal

Authenticate = Callable[[str], Awaitable[Principal | None]]


async def nobody(_token: str) -> Principal | None:
    """The authenticator of a process that knows no users."""
    return None


class _Edged(FastAPI):
    """Puts the edge around everything, so that even an unforeseen error's answer carries a request
    id and security headers."""

    def build_middleware_stack(self) -> ASGIApp:
        settings: Settings = self.state.settings
        return Edge(
            super().build_middleware_stack(),
            secure=settings.environment == "prod",
            max_body=settings.max_body_kb * 1024,
        )


def create_app(
    settings: Settings,
    *,
    title: str,
    routers: Iterable[APIRouter],
    container: Container,
    database: Database | None,
    authenticate: Authenticate = nobody,
    checks: Mapping[str, Check] | None = None,
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None,
) -> FastAPI:
    """Routes plus health, metrics, problem documents, correlation and security headers."""
    extra: dict[str, Any] = {"lifespan": lifespan} if lifespan else {}
    app = _Edged(
        title=title,
        version="1",
        docs_url="/docs",
        redoc_url=None,
        max_body_size=settings.max_body_kb * 1024,
        **extra,
    )
    plug(
        app,
        settings,
        container=container,
        database=database,
        authenticate=authenticate,
        checks=checks,
    )
    app.state.started = lifespan is None
    install_problems(app)
    app.include_router(health)
    for router in routers:
        app.include_router(router)
    app.add_middleware(PublicCache)
    return app


def plug(
    app: FastAPI,
    settings: Settings,
    *,
    container: Container,
    database: Database | None,
    authenticate: Authenticate = nobody,
    checks: Mapping[str, Check] | None = None,
) -> None:
    """Who answers behind the routes; middleware that remembers begins anew."""
    app.state.settings = settings
    app.state.container = container
    app.state.database = database
    app.state.authenticate = authenticate
    app.state.checks = dict(checks or {})
    app.middleware_stack = None

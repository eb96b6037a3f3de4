"""The shop's HTTP process: API, storefront and console; light, no data or training library."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from bodega.apps.compose import Shop, compose
from bodega.apps.modules import modules
from bodega.apps.run import serve
from bodega.backbone.http.aliases import Aliases
from bodega.backbone.http.edge import create_app, plug
from bodega.backbone.settings import Settings, load_settings
from bodega.contracts.identity import Identity
from bodega.web.errors import install_pages
from bodega.web.routes import ROUTERS

UNVERSIONED = {
    "/api/external-data": "/api/v1/external-data",
    "/api/insights": "/api/v1/insights",
}


def build(settings: Settings) -> FastAPI:
    """The application, composed; its servers are reached when the first request comes."""
    shop = compose(settings)
    app = create_app(
        settings,
        title=settings.shop_name,
        routers=[*(router for module in modules() for router in module.routers), *ROUTERS],
        container=shop.context.container,
        database=shop.context.database,
        lifespan=_lifespan,
    )
    install_pages(app)
    answer_for(app, shop)
    app.add_middleware(Aliases, addresses=UNVERSIONED)
    return app


def answer_for(app: FastAPI, shop: Shop) -> None:
    """From now on the routes ask this shop, which is closed when the process ends."""
    context = shop.context
    plug(
        app,
        context.settings,
        container=context.container,
        database=context.database,
        authenticate=context.container.get(Identity).authenticate,
        checks={"database": context.database.ping, "valkey": context.cache.ping},
    )
    app.state.shop = shop


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.started = True
    yield
    await app.state.shop.close()


if __name__ == "__main__":
    settings = load_settings()
    serve(build(settings), settings, host=settings.host, port=settings.port)

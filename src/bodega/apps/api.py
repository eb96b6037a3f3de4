"""The shop's HTTP process: API, storefront and console; light, no data or training library."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI

from bodega.apps.compose import Shop, compose
from bodega.apps.modules import modules
from bodega.apps.run import serve
from bodega.backbone.http.edge import create_app
from bodega.backbone.settings import Settings, load_settings
from bodega.contracts.identity import Identity
from bodega.web.errors import install_pages
from bodega.web.routes import ROUTERS


def build(settings: Settings) -> FastAPI:
    """The application, composed; its servers are reached when the first request comes."""
    shop = compose(settings)
    app = create_app(
        settings,
        title=settings.shop_name,
        routers=[*(router for module in modules() for router in module.routers), *ROUTERS],
        container=shop.context.container,
        database=shop.context.database,
        authenticate=shop.context.container.get(Identity).authenticate,
        checks={"database": shop.context.database.ping, "valkey": shop.context.cache.ping},
        lifespan=_lifespan(shop),
    )
    install_pages(app)
    return app


def _lifespan(shop: Shop) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.started = True
        yield
        await shop.close()

    return lifespan


if __name__ == "__main__":
    settings = load_settings()
    serve(build(settings), settings, host=settings.host, port=settings.port)

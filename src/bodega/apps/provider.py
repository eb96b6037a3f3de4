"""The payment provider's local double, in a process of its own: Stripe's API over SQLite."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Body, FastAPI, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from bodega.apps.paypal import install
from bodega.apps.run import serve
from bodega.backbone.settings import Settings, load_settings
from bodega.commerce.payments.adapters.double import StripeDouble
from bodega.commerce.payments.adapters.double_courier import Courier
from bodega.commerce.payments.adapters.double_faults import Fault, Faults
from bodega.commerce.payments.adapters.double_pages import challenge
from bodega.commerce.payments.adapters.double_store import Object
from bodega.commerce.payments.adapters.paypal_double import PayPalDouble
from bodega.commerce.payments.adapters.stripe_webhooks import SUBSCRIBED

FILE = "provider.sqlite3"
PAYPAL_FILE = "paypal.sqlite3"


def build(
    path: Path, *, paypal: PayPalDouble, webhook_secret: str = "", webhook_url: str | None = None
) -> ASGIApp:
    """Every request of `/v1` is answered by the double over the file at `path`; `/_double` is what
    Stripe has no address for: the bank's page, and how webhooks travel."""
    double = StripeDouble(path)
    courier = Courier(double, secret=webhook_secret)
    if webhook_url:
        courier.travel(url=webhook_url, enabled_events=list(SUBSCRIBED))

    @asynccontextmanager
    async def lifespan(_app: object) -> AsyncIterator[None]:
        delivering = asyncio.create_task(courier.run())
        yield
        delivering.cancel()
        with suppress(asyncio.CancelledError):
            await delivering

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    routes = [Route("/v1/{path:path}", StripeApi(double)), Mount("/", app)]
    faults = Faults(Router(routes, lifespan=lifespan))
    _health(app)
    _bank(app, double)
    _webhooks(app, courier)
    _faults(app, faults)
    install(app, paypal)
    return faults


class StripeApi:
    """Plain ASGI: FastAPI takes longer than all the rest around an answer."""

    def __init__(self, double: StripeDouble) -> None:
        self._double = double

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        sent = await request.body() if request.method == "POST" else scope["query_string"]
        self._double.bench.address = lambda: str(request.base_url).rstrip("/")
        answer = self._double.answer(
            request.method,
            scope["path"],
            dict(parse_qsl(sent.decode(), keep_blank_values=True)),
            authorization=request.headers.get("authorization", ""),
            idempotency_key=request.headers.get("idempotency-key"),
        )
        headers = {"request-id": f"req_{secrets.token_hex(7)}", **answer.headers}
        response = Response(answer.text, answer.status, headers, "application/json")
        await response(scope, receive, send)


def _health(app: FastAPI) -> None:
    @app.get("/health/ready")
    @app.get("/health/live")
    async def health() -> dict[str, str]:
        return {"status": "ok"}


def _bank(app: FastAPI, double: StripeDouble) -> None:
    @app.get("/_double/authenticate/{reference}")
    async def ask(reference: str) -> Response:
        intent = double.challenged(reference)
        if intent is None:
            return HTMLResponse("There is no such payment.", status_code=404)
        return HTMLResponse(challenge(intent))

    @app.post("/_double/authenticate/{reference}")
    async def act(reference: str, outcome: Annotated[str, Form()]) -> Response:
        where = double.act(reference, agreed=outcome == "authorise")
        if where is None:
            return HTMLResponse("There is no such payment.", status_code=404)
        return RedirectResponse(where, status_code=303)


def _webhooks(app: FastAPI, courier: Courier) -> None:
    @app.get("/_double/webhooks")
    async def mode() -> Object:
        return courier.mode()

    @app.post("/_double/webhooks")
    async def travel(
        wanted: Annotated[dict[str, str | float | list[str] | None], Body()],
    ) -> Object:
        return courier.travel(**wanted)


def _faults(app: FastAPI, around: Faults) -> None:
    @app.get("/_double/faults")
    async def faults() -> dict[str, object]:
        return {"fault": around.fault, "seen": around.seen}

    @app.post("/_double/faults")
    async def plan(fault: Annotated[Fault | None, Body()] = None) -> None:
        around.plan(fault)


def main(settings: Settings) -> None:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    app = build(
        settings.data_dir / FILE,
        paypal=PayPalDouble(settings.data_dir / PAYPAL_FILE),
        webhook_secret=settings.payments_webhook_secret.get_secret_value(),
        webhook_url=settings.provider_webhook_url,
    )
    serve(app, settings, host="127.0.0.1", port=settings.provider_port)


if __name__ == "__main__":
    main(load_settings())

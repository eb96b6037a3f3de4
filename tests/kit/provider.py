"""The provider double behind a line that can be cut: answers get lost, late, or never asked for."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import httpx
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from bodega.apps.provider import build
from bodega.commerce.payments.adapters.paypal_double import PayPalDouble
from tests.kit.tree import free_port

Fault = Literal["refused", "lost", "late", "hung"]
KEY = {"authorization": "Bearer sk_test_bodega"}


class Line:
    """Between client and double. A fault strikes the next `times` requests whose path holds
    `where`: `refused` never reaches the double, `lost` reaches it and the answer does not come
    back, `late` answers after `seconds`, `hung` has its effect and then never answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.mend()

    def mend(self) -> None:
        self.fault: Fault | None = None
        self.where, self.times, self.seconds, self.seen = "", 0, 0.0, 0
        self.struck = threading.Event()

    def cut(self, fault: Fault, where: str = "", times: int = 10_000, seconds: float = 0) -> None:
        self.fault, self.where, self.times, self.seconds = fault, where, times, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._strikes(scope):
            await self._app(scope, receive, send)
            return
        self.times -= 1
        self.seen += 1
        self.struck.set()
        if self.fault != "refused":
            await self._app(
                scope, receive, self._quiet if self.fault != "late" else self._slow(send)
            )
        if self.fault == "hung":
            await asyncio.sleep(30)
        if self.fault != "late":
            await self._broken(send)

    def _strikes(self, scope: Scope) -> bool:
        request = f"{scope['method']} {scope['path']}"
        return self.fault is not None and self.times > 0 and self.where in request

    async def _quiet(self, _message: Any) -> None:
        """The answer falls into the void."""

    def _slow(self, send: Send) -> Send:
        async def answer(message: Any) -> None:
            if message["type"] == "http.response.start":
                await asyncio.sleep(self.seconds)
            await send(message)

        return answer

    async def _broken(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 502, "headers": []})
        await send({"type": "http.response.body", "body": b"<html>Bad gateway</html>"})


class RunningProvider:
    """A double on a port of its own."""

    def __init__(self, path: Path) -> None:
        self.paypal = PayPalDouble(path.with_name("paypal.sqlite3"))
        self.line = Line(build(path, paypal=self.paypal))
        self.url = f"http://127.0.0.1:{free_port()}"
        config = uvicorn.Config(
            self.line, port=int(self.url.rsplit(":", 1)[1]), log_config=None, ws="none"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def start(self) -> None:
        self._thread.start()
        deadline = time.monotonic() + 10
        while not self._server.started and time.monotonic() < deadline:
            time.sleep(0.01)

    def stop(self) -> None:
        self._server.force_exit = self._server.should_exit = True
        self._thread.join(timeout=10)

    def ask(self, method: str, path: str, **form: str) -> httpx.Response:
        """Stripe's API, past the line's faults."""
        fault, self.line.fault = self.line.fault, None
        try:
            with httpx.Client(base_url=self.url, headers=KEY) as client:
                sent = {"params": form} if method == "GET" else {"data": form}
                return client.request(method, path, **sent)  # type: ignore[arg-type]
        finally:
            self.line.fault = fault

    def intents(self, payment_id: object) -> list[dict[str, Any]]:
        """Every PaymentIntent made for a payment of ours."""
        data = self.ask("GET", "/v1/payment_intents", limit="100").json()["data"]
        return [item for item in data if item["metadata"].get("payment_id") == str(payment_id)]


@contextmanager
def running_provider(folder: Path) -> Iterator[RunningProvider]:
    provider = RunningProvider(folder / "provider.sqlite3")
    provider.start()
    try:
        yield provider
    finally:
        provider.stop()

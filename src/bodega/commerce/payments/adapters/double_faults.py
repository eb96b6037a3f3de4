"""Faults of the provider double on request: refused for now, failed, dropped, or never answered."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Kind = Literal[
    "rate_limit", "lock_timeout", "key_in_use", "server_error", "unavailable", "drop", "hang"
]
_STRIPE: dict[str, tuple[int, dict[str, Any]]] = {
    "rate_limit": (429, {"type": "invalid_request_error", "code": "rate_limit"}),
    "lock_timeout": (429, {"type": "invalid_request_error", "code": "lock_timeout"}),
    "key_in_use": (409, {"type": "idempotency_error", "code": "idempotency_key_in_use"}),
    "server_error": (500, {"type": "api_error"}),
    "unavailable": (503, {"type": "api_error"}),
}
_PAYPAL = {
    "rate_limit": "RATE_LIMIT_REACHED",
    "lock_timeout": "RATE_LIMIT_REACHED",
    "key_in_use": "PREVIOUS_REQUEST_IN_PROGRESS",
    "server_error": "INTERNAL_SERVER_ERROR",
    "unavailable": "SERVICE_UNAVAILABLE",
}


class Fault(BaseModel):
    """What happens to the next `times` requests whose method and path hold `where`. With `done` the
    request has its effect first and only its answer is another."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    where: str = "/v"
    times: int = Field(default=1, ge=0)
    done: bool = False
    retry_after: str | None = None
    seconds: float = Field(default=30, ge=0, le=120)


@dataclass
class Faults:
    """ASGI around the double; `seen` counts the requests that were struck."""

    app: ASGIApp
    fault: Fault | None = None
    seen: int = 0

    def plan(self, fault: Fault | None) -> None:
        self.fault, self.seen = fault, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self.fault
        if scope["type"] != "http" or fault is None or not _strikes(fault, scope):
            await self.app(scope, receive, send)
            return
        fault.times -= 1
        self.seen += 1
        if fault.done:
            await self.app(scope, receive, _into_the_void)
        if fault.kind == "hang":
            await asyncio.sleep(fault.seconds)
        if fault.kind in ("hang", "drop"):
            await _drop(send)
        else:
            await _refuse(fault, scope, send)


def _strikes(fault: Fault, scope: Scope) -> bool:
    own = scope["path"].startswith("/_double")
    return fault.times > 0 and not own and fault.where in f"{scope['method']} {scope['path']}"


async def _into_the_void(_message: Message) -> None:
    """The answer reaches nobody."""


async def _drop(send: Send) -> None:
    """Half an answer: the server closes the connection in the middle of it."""
    headers = [(b"content-length", b"1000"), (b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{", "more_body": True})
    raise ConnectionResetError("the fault asked for it")


async def _refuse(fault: Fault, scope: Scope, send: Send) -> None:
    status, error = _STRIPE[fault.kind]
    message = f"Fault on request: {fault.kind}"
    body: dict[str, Any]
    if scope["path"].startswith("/paypal"):
        body = {"name": _PAYPAL[fault.kind], "message": message}
    else:
        body = {"error": {**error, "message": message}}
    headers = [(b"content-type", b"application/json")]
    if fault.retry_after is not None:
        headers.append((b"retry-after", fault.retry_after.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})

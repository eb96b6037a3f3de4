"""Around every request: correlation id, security headers, metrics, one log line."""

import re
import time
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bodega.backbone.http.problems import problem
from bodega.backbone.telemetry.context import correlation
from bodega.backbone.telemetry.logs import get_logger
from bodega.backbone.telemetry.metrics import REQUEST_SECONDS, REQUESTS

log = get_logger("bodega.http")

_REQUEST_ID = re.compile(r"^[A-Za-z0-9._-]{8,64}$")
_SECURITY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "strict-origin-when-cross-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cross-origin-opener-policy": "same-origin",
}
_POLICY = (
    "default-src 'self'; img-src 'self' data: https:; style-src 'self'; script-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
# The interactive documentation loads its bundle from a content network.
_DOCS_POLICY = (
    "default-src 'self'; img-src 'self' data: https:; "
    "style-src 'self' 'unsafe-inline' https://cdn.jsdelivr.net; "
    "script-src 'self' 'unsafe-inline' https://cdn.jsdelivr.net; frame-ancestors 'none'"
)


class Edge:
    """One wrapper for all of it: on the hot path every layer costs."""

    def __init__(self, app: ASGIApp, *, secure: bool, max_body: int) -> None:
        self.app = app
        self.max_body = max_body
        self.headers = dict(_SECURITY)
        if secure:
            self.headers["strict-transport-security"] = "max-age=31536000; includeSubDomains"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope).get("x-request-id"))
        started = time.perf_counter()
        status = 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._decorate(MutableHeaders(scope=message), scope["path"], request_id)
            await send(message)

        with correlation(request_id):
            try:
                await self._within_limits(scope)(scope, receive, answer)
            finally:
                _account(scope, status, time.perf_counter() - started)

    def _within_limits(self, scope: Scope) -> ASGIApp:
        declared = Headers(scope=scope).get("content-length", "0")
        if declared.isdecimal() and int(declared) > self.max_body:
            return problem(413, "too_large", f"A request has at most {self.max_body} bytes")
        return self.app

    def _decorate(self, headers: MutableHeaders, path: str, request_id: str) -> None:
        headers["x-request-id"] = request_id
        for name, value in self.headers.items():
            headers[name] = value
        headers.setdefault(
            "content-security-policy",
            _DOCS_POLICY if path in ("/docs", "/redoc") else _POLICY,
        )


def _request_id(offered: str | None) -> str:
    return offered if offered and _REQUEST_ID.match(offered) else uuid4().hex


def _account(scope: Scope, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", None) or "unmatched"
    method = scope["method"]
    REQUESTS.labels(method, route, str(status)).inc()
    REQUEST_SECONDS.labels(method, route).observe(seconds)
    if method != "GET" or status >= 400:
        log.info(
            "request",
            method=method,
            route=route,
            status=status,
            ms=round(seconds * 1000, 1),
        )

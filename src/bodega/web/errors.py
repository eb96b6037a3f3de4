"""Errors as pages for browsers; whoever does not ask for HTML keeps the problem document."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import cast
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from bodega.backbone.http.problems import DATABASE_AWAY
from bodega.backbone.telemetry.context import bound_correlation_id
from bodega.kernel.errors import BodegaError
from bodega.web.access import SignInNeeded, current_visitor
from bodega.web.pages import redirect, render

Answer = Callable[[Request, Exception], Awaitable[Response]]
_MACHINES = ("/api/", "/internal/", "/health/", "/metrics", "/static/", "/artwork/")
_WORDS = {
    403: ("Not for you", "You may not see this page."),
    404: ("Nothing on this shelf", "The page you asked for is not here, or not any more."),
    405: ("That does not work here", "Go back and try it from the page."),
    429: ("One moment, please", "That was a little too often. Wait a while, then try again."),
    503: ("Back in a moment", "Part of the shop is not answering. Try again shortly."),
}
_BROKEN = ("Something broke on our side", "Nothing was lost. Try again, or quote the number below.")
_ODD = ("That did not work", "Go back, check what you entered and try again.")


def install_pages(app: FastAPI) -> None:
    """Put a page in front of each of the edge's error handlers."""
    for kind in (BodegaError, RequestValidationError, HTTPException, *DATABASE_AWAY, Exception):
        problems = cast("Answer", app.exception_handlers[kind])
        app.add_exception_handler(kind, _negotiated(problems))


def _negotiated(problems: Answer) -> Answer:
    async def answer(request: Request, error: Exception) -> Response:
        document = await problems(request, error)
        if not _wants_page(request):
            return document
        if isinstance(error, SignInNeeded):
            return _to_sign_in(request)
        await _recognise(request, document)
        return _page(request, document, error)

    return answer


def _wants_page(request: Request) -> bool:
    if request.url.path.startswith(_MACHINES):
        return False
    return "text/html" in request.headers.get("accept", "")


def _to_sign_in(request: Request) -> Response:
    back = request.url.path if request.method == "GET" else "/account"
    return redirect(request, f"/sign-in?{urlencode({'next': back})}")


async def _recognise(request: Request, document: Response) -> None:
    """The page's header knows its visitor, unless asking could break a second time."""
    if document.status_code < 500:
        with suppress(BodegaError):
            await current_visitor(request)


def _page(request: Request, document: Response, error: Exception) -> Response:
    status = document.status_code
    title, advice = _WORDS.get(status, _BROKEN if status >= 500 else _ODD)
    if isinstance(error, BodegaError) and error.status not in (404, 500):
        advice = f"{error.detail.rstrip('.')}."
    page = render(
        request,
        "error.html",
        status=status,
        title=title,
        advice=advice,
        number=bound_correlation_id() if status >= 500 else None,
    )
    for name in ("retry-after", "allow"):
        if name in document.headers:
            page.headers[name] = document.headers[name]
    return page

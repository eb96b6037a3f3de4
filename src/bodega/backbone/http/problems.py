"""RFC 9457 problem documents: every error a client sees, none with a stack trace."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DataError, InterfaceError, OperationalError, TimeoutError
from starlette.exceptions import HTTPException

from bodega.backbone.telemetry.context import bound_correlation_id
from bodega.backbone.telemetry.logs import get_logger
from bodega.kernel.errors import BodegaError

log = get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
DATABASE_AWAY = (OperationalError, InterfaceError, TimeoutError)
_CODES = {
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media",
}


def problem(
    status: int,
    code: str,
    title: str,
    detail: str = "",
    headers: Any = None,
    **extra: object,
) -> JSONResponse:
    """A problem document; `code` is stable, `detail` is a sentence for a person."""
    body = {
        "type": f"urn:bodega:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail or title,
        "request_id": bound_correlation_id(),
        **extra,
    }
    return JSONResponse(
        jsonable_encoder(body),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


async def _known(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, BodegaError)
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
    if error.status in (429, 503):
        headers = {"Retry-After": str(error.extra.get("retry_after", 1))}
    return problem(
        error.status,
        error.code,
        error.title,
        error.detail,
        headers=headers,
        **error.extra,
    )


async def _malformed(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    fields = [
        {"field": ".".join(str(part) for part in item["loc"]), "problem": item["msg"]}
        for item in error.errors()
    ]
    detail = "; ".join(f"{item['field']}: {item['problem']}" for item in fields[:5])
    return problem(422, "malformed", "The request is malformed", detail, errors=fields)


async def _plain(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = _CODES.get(error.status_code, f"http_{error.status_code}")
    return problem(error.status_code, code, str(error.detail), headers=error.headers)


async def _unstorable(request: Request, error: Exception) -> JSONResponse:
    """SQLSTATE class 22: a value PostgreSQL cannot hold, such as text with a NUL in it."""
    assert isinstance(error, DataError)
    log.warning("unstorable_value", path=request.url.path, error=type(error.orig).__name__)
    return problem(422, "unstorable", "The request holds a value that cannot be stored")


async def _away(request: Request, error: Exception) -> JSONResponse:
    """The database is restarting, out of connections, or asks for another try."""
    log.warning("database_unavailable", path=request.url.path, error=type(error).__name__)
    return problem(
        503,
        "database_unavailable",
        "The shop's database does not answer right now",
        "Nothing was lost: try again shortly, with the same Idempotency-Key",
        headers={"Retry-After": "1"},
    )


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("request_failed", path=request.url.path, exc_info=error)
    return problem(
        500,
        "internal_error",
        "Something went wrong on our side",
        "Quote the request id to us",
    )


def install_problems(app: FastAPI) -> None:
    app.add_exception_handler(BodegaError, _known)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _plain)
    app.add_exception_handler(DataError, _unstorable)
    for away in DATABASE_AWAY:
        app.add_exception_handler(away, _away)
    app.add_exception_handler(Exception, _unexpected)

"""The few cookies of the shop: never readable by scripts, never sent along from other sites."""

from typing import Final, Literal

from fastapi import Request
from starlette.responses import Response

from bodega.backbone.settings import Settings

Cookie = Literal["session", "cart", "units", "visit", "flash", "order"]

DAY: Final = 86_400
CART_DAYS: Final = 30


def cookie_name(settings: Settings, cookie: Cookie) -> str:
    """In production the `__Host-` prefix keeps other hosts of the domain from planting cookies."""
    prefix = "__Host-" if settings.environment == "prod" else ""
    return f"{prefix}bodega_{cookie}"


def read_cookie(request: Request, cookie: Cookie) -> str | None:
    return request.cookies.get(cookie_name(request.app.state.settings, cookie)) or None


def put_cookie(
    request: Request,
    response: Response,
    cookie: Cookie,
    value: str,
    *,
    seconds: int | None = None,
) -> None:
    """Without `seconds` the cookie lives as long as the browser is open."""
    settings: Settings = request.app.state.settings
    response.set_cookie(
        cookie_name(settings, cookie),
        value,
        max_age=seconds,
        path="/",
        httponly=True,
        samesite="lax",
        secure=settings.environment == "prod",
    )


def drop_cookie(request: Request, response: Response, cookie: Cookie) -> None:
    settings: Settings = request.app.state.settings
    response.delete_cookie(
        cookie_name(settings, cookie),
        path="/",
        httponly=True,
        samesite="lax",
        secure=settings.environment == "prod",
    )

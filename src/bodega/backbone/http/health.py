"""Liveness, readiness, startup and metrics, the same in every process that speaks HTTP."""

from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from bodega.backbone.http.deps import Anyone
from bodega.backbone.telemetry.metrics import exposition

Check = Callable[[], Awaitable[None]]
router = APIRouter(tags=["health"], include_in_schema=False)


async def _run(checks: Mapping[str, Check]) -> JSONResponse:
    answers: dict[str, str] = {}
    for name, check in checks.items():
        try:
            await check()
            answers[name] = "ok"
        except Exception as error:
            answers[name] = type(error).__name__
    well = all(answer == "ok" for answer in answers.values())
    return JSONResponse(
        {"status": "ok" if well else "unavailable", "checks": answers},
        200 if well else 503,
    )


@router.get("/health/live")
async def live(who: Anyone) -> dict[str, str]:
    """The process runs its event loop."""
    return {"status": "ok"}


@router.get("/health/ready")
async def ready(request: Request, who: Anyone) -> JSONResponse:
    """The process can do its work: everything it leans on answers."""
    return await _run(request.app.state.checks)


@router.get("/health/startup")
async def startup(request: Request, who: Anyone) -> JSONResponse:
    """The process has finished starting."""
    started = getattr(request.app.state, "started", False)
    return JSONResponse({"status": "ok" if started else "starting"}, 200 if started else 503)


@router.get("/metrics")
async def metrics(who: Anyone) -> Response:
    """Prometheus text format."""
    return Response(exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")

"""The payment provider's local double, in a process of its own: Stripe's API over SQLite."""

import uuid
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from bodega.apps.run import serve
from bodega.backbone.settings import Settings, load_settings
from bodega.commerce.payments.adapters.double import StripeDouble

FILE = "provider.sqlite3"


def build(path: Path) -> FastAPI:
    """Every request of `/v1` is answered by the double over the file at `path`."""
    double = StripeDouble(path)
    app = FastAPI(title="Payment provider double", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/health/ready")
    @app.get("/health/live")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.api_route("/v1/{path:path}", methods=["GET", "POST"])
    async def stripe(request: Request, path: str) -> JSONResponse:
        form = await request.form() if request.method == "POST" else request.query_params
        answer = double.answer(
            request.method,
            f"/v1/{path}",
            {name: str(value) for name, value in form.items()},
            authorization=request.headers.get("authorization", ""),
            idempotency_key=request.headers.get("idempotency-key"),
        )
        headers = {"request-id": f"req_{uuid.uuid4().hex[:14]}", **answer.headers}
        return JSONResponse(answer.body, status_code=answer.status, headers=headers)

    return app


def main(settings: Settings) -> None:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    app = build(settings.data_dir / FILE)
    serve(app, settings, host="127.0.0.1", port=settings.provider_port)


if __name__ == "__main__":
    main(load_settings())

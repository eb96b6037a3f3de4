"""PayPal's local double over HTTP: its API, and the page on which a buyer approves."""

import json
from html import escape
from typing import Any

from fastapi import APIRouter, FastAPI, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from bodega.commerce.payments.adapters.paypal_double import PayPalDouble

_PAGE = """<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">
<title>Test PayPal</title>
<body style="font:1.1rem system-ui;max-width:26rem;margin:3rem auto;padding:0 1rem">
<h1>Test PayPal</h1><p>This page stands for PayPal's. No money moves.</p>
<form method="post"><input type="hidden" name="token" value="{token}">
<p><button name="decision" value="approve">Pay now</button>
<button name="decision" value="cancel">Cancel and return</button></p></form></body></html>"""


def install(app: FastAPI, double: PayPalDouble) -> None:
    """Everything beneath `/paypal`."""
    router = APIRouter(prefix="/paypal", include_in_schema=False)

    @router.get("/checkoutnow")
    async def page(token: str) -> HTMLResponse:
        return HTMLResponse(_PAGE.format(token=escape(token, quote=True)))

    @router.post("/checkoutnow")
    async def decide(token: str = Form(), decision: str = Form()) -> Response:
        address = double.decide(token, approve=decision == "approve")
        if address is None:
            return HTMLResponse("There is no such order.", 404)
        return RedirectResponse(address, 303)

    @router.api_route("/{path:path}", methods=["GET", "POST"])
    async def api(request: Request, path: str) -> Response:
        double.address = f"{request.base_url}paypal"
        answer = double.answer(
            request.method,
            f"/{path}",
            body=await _json(request),
            params=dict(request.query_params),
            authorization=request.headers.get("authorization", ""),
            request_id=request.headers.get("paypal-request-id"),
        )
        if answer.status == 204:
            return Response(status_code=204)
        return JSONResponse(answer.body, status_code=answer.status)

    app.include_router(router)


async def _json(request: Request) -> dict[str, Any]:
    """A JSON body, or the one that stands as `input` in a form beside documents."""
    kind = request.headers.get("content-type", "")
    if kind.startswith("multipart/form-data"):
        async with request.form() as form:
            part = form["input"]
            return {"input": json.loads(part if isinstance(part, str) else await part.read())}
    if kind.startswith("application/json"):
        body = await request.json()
        return body if isinstance(body, dict) else {}
    return {}

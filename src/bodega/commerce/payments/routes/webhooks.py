"""Where providers send their webhooks."""

from typing import Annotated

from fastapi import Request

from bodega.backbone.http.deps import Anyone, provided
from bodega.backbone.http.router import api_router
from bodega.commerce.payments.schemas import WebhookAnswer
from bodega.contracts.books import Webhooks

public = api_router("payments", "/webhooks")


@public.post("/{provider}")
async def receive_webhook(
    who: Anyone,
    webhooks: Annotated[Webhooks, provided(Webhooks)],
    provider: str,
    request: Request,
) -> WebhookAnswer:
    """Verified over the raw body and stored before the answer; the same event again is harmless."""
    fresh = await webhooks.receive(
        provider=provider, body=await request.body(), headers=dict(request.headers)
    )
    return WebhookAnswer(received=True, duplicate=not fresh)

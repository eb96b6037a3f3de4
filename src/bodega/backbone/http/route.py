"""Idempotency-Key for every state-changing POST that works under a unit of work.

The claim commits by itself, first. The response is recorded in the transaction of its effect, so a
crash leaves either both or neither; a claim left by a crash lapses and the next try does the work.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from sqlalchemy import text

from bodega.backbone.db import Database, UnitOfWork
from bodega.backbone.http.deps import (
    KeyMalformed,
    Requires,
    current_principal,
    fingerprint,
    idempotency_key,
    unit_of_work,
)
from bodega.kernel.errors import Conflict, Rejected
from bodega.kernel.principal import Principal

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
LOCK_SECONDS = 60
GUEST_KEY = 16

_CLAIM = text(
    """INSERT INTO backbone.idempotency AS mine (scope, key, route, fingerprint, locked_until)
       VALUES (:scope, :key, :route, :fingerprint, now() + make_interval(secs => :seconds))
       ON CONFLICT (scope, key) DO UPDATE SET locked_until = excluded.locked_until
       WHERE mine.status IS NULL AND mine.locked_until < now()
         AND mine.fingerprint = excluded.fingerprint
       RETURNING 1"""
)
_READ = text(
    """SELECT fingerprint, status, media_type, body FROM backbone.idempotency
       WHERE scope = :scope AND key = :key"""
)
_RECORD = text(
    """UPDATE backbone.idempotency SET status = :status, media_type = :media_type, body = :body
       WHERE scope = :scope AND key = :key"""
)
_FORGET = text(
    """DELETE FROM backbone.idempotency
       WHERE scope = :scope AND key = :key AND status IS NULL"""
)


class KeyReused(Rejected):
    code = "idempotency_key_reused"
    title = "This Idempotency-Key came with another request before: take a fresh one"


class KeyInProgress(Conflict):
    code = "idempotency_in_progress"
    title = "The first request with this Idempotency-Key is still at work: try again shortly"


class BodegaRoute(APIRoute):
    """The route class of every router of ours."""

    def get_route_handler(self) -> Handler:
        handler = super().get_route_handler()
        if "POST" in (self.methods or ()) and _works(self.dependant):
            return _recorded(handler, self.path, _permission(self.dependant))
        return handler


def _works(dependant: Dependant) -> bool:
    return any(part.call is unit_of_work or _works(part) for part in dependant.dependencies)


def _permission(dependant: Dependant) -> Requires:
    asked = [part.call for part in dependant.dependencies if isinstance(part.call, Requires)]
    if len(asked) != 1:
        raise TypeError(f"{dependant.path}: a route states exactly one permission")
    return asked[0]


def _recorded(handler: Handler, route: str, permission: Requires) -> Handler:
    async def handle(request: Request) -> Response:
        principal = await permission(await current_principal(request))
        name = {"scope": principal.label, "key": _own_key(request, principal)}
        database: Database = request.app.state.database
        earlier = await _claim(database, name, route, await fingerprint(request))
        if earlier is not None:
            return earlier
        try:
            response = await handler(request)
            await _record(request.state.uow, name, response)
        except BaseException:
            async with database.work() as uow:
                await uow.connection.execute(_FORGET, name)
            raise
        return response

    return handle


def _own_key(request: Request, principal: Principal) -> str:
    """All guests share one scope, so a guest's key must be too long to be anybody else's."""
    key = idempotency_key(request)
    if principal.id is None and len(key) < GUEST_KEY:
        raise KeyMalformed(f"Without signing in, a key has at least {GUEST_KEY} characters")
    return key


async def _claim(
    database: Database, name: dict[str, str], route: str, print_: bytes
) -> Response | None:
    """None once claimed; the recorded response when the work is already done."""
    async with database.work() as uow:
        asked = {**name, "route": route, "fingerprint": print_, "seconds": LOCK_SECONDS}
        if (await uow.connection.execute(_CLAIM, asked)).first():
            return None
        row = (await uow.connection.execute(_READ, name)).first()
    if row is None:
        raise KeyInProgress
    if bytes(row.fingerprint) != print_:
        raise KeyReused
    if row.status is None:
        raise KeyInProgress
    headers = {"Idempotency-Replayed": "true"}
    return Response(
        bytes(row.body),
        status_code=row.status,
        media_type=row.media_type,
        headers=headers,
    )


async def _record(uow: UnitOfWork, name: dict[str, str], response: Response) -> None:
    media_type = response.headers.get("content-type", "application/json")
    recorded = {"status": response.status_code, "media_type": media_type}
    await uow.connection.execute(_RECORD, {**name, **recorded, "body": bytes(response.body)})

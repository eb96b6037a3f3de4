"""Parameter types of routes: permission, unit of work, claim, page, another module's Protocol."""

import hashlib
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID, uuid5

from fastapi import Depends, Query, Request
from pydantic import BaseModel, ConfigDict

from bodega.backbone.container import Container
from bodega.backbone.db import Database, UnitOfWork
from bodega.backbone.settings import Settings
from bodega.backbone.telemetry.context import bind_actor
from bodega.kernel.errors import Denied, Rejected, Unauthenticated
from bodega.kernel.page import MAX_PAGE, PageRequest
from bodega.kernel.principal import GUEST, Principal, Role

_CLAIMS = UUID("6f0f6a1e-6d0c-4c6e-9a53-7f2f3f4b1f10")
MAX_KEY = 200


class KeyMissing(Rejected):
    code = "idempotency_key_missing"
    title = "Send an Idempotency-Key header: a fresh UUID for each thing you mean to do"


class KeyMalformed(Rejected):
    code = "idempotency_key_malformed"
    title = "An Idempotency-Key has 1 to 200 printable ASCII characters"


async def current_principal(request: Request) -> Principal:
    """Whoever the bearer token speaks for; a guest when there is none."""
    known: Principal | None = getattr(request.state, "principal", None)
    if known is not None:
        return known
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if not scheme or scheme.lower() == "internal":
        return GUEST
    authenticate = request.app.state.authenticate
    principal: Principal | None = (
        await authenticate(token.strip()) if scheme.lower() == "bearer" else None
    )
    if principal is None:
        raise Unauthenticated("The bearer token is unknown or has expired: sign in again")
    request.state.principal = principal
    bind_actor(principal.label)
    return principal


class Requires:
    """The permission of a route, as the type of a parameter: `who: Staff`."""

    def __init__(self, role: Role) -> None:
        self.role = role

    async def __call__(
        self, principal: Annotated[Principal, Depends(current_principal)]
    ) -> Principal:
        if principal.at_least(self.role):
            return principal
        if principal.role is Role.ANONYMOUS:
            raise Unauthenticated
        raise Denied(f"This needs the role {self.role.value}")


Anyone = Annotated[Principal, Depends(Requires(Role.ANONYMOUS))]
SignedIn = Annotated[Principal, Depends(Requires(Role.CUSTOMER))]
Staff = Annotated[Principal, Depends(Requires(Role.STAFF))]
Admin = Annotated[Principal, Depends(Requires(Role.ADMIN))]


# All of these are coroutines: FastAPI sends a plain function to a thread, which costs more than it
# does.
async def container(request: Request) -> Container:
    answers: Container = request.app.state.container
    return answers


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


Shop = Annotated[Settings, Depends(_settings)]


def provided(protocol: type) -> Any:
    """`orders: Annotated[Orders, provided(Orders)]`: whoever answers for `protocol` here."""

    async def answer(answers: Annotated[Container, Depends(container)]) -> object:
        return answers.get(protocol)

    return Depends(answer)


async def unit_of_work(
    request: Request, principal: Annotated[Principal, Depends(current_principal)]
) -> AsyncIterator[UnitOfWork]:
    database: Database = request.app.state.database
    async with database.work(actor=principal.label) as uow:
        request.state.uow = uow
        yield uow


Work = Annotated[UnitOfWork, Depends(unit_of_work, scope="function")]


def idempotency_key(request: Request) -> str:
    """The caller's key; raises when it is missing or unusable."""
    key = request.headers.get("idempotency-key")
    if key is None:
        raise KeyMissing
    if not 1 <= len(key) <= MAX_KEY or not key.isascii() or not key.isprintable():
        raise KeyMalformed
    return key


async def fingerprint(request: Request) -> bytes:
    """What the same key must come with again: method, path and body."""
    body = await request.body()
    head = f"{request.method} {request.url.path}\n".encode()
    return hashlib.sha256(head + body).digest()


class Claim(BaseModel):
    """A saga route's idempotency: the same caller and key always give the same `id`; the saga
    stores `fingerprint` and refuses the id with another one."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    fingerprint: bytes


async def claim(
    request: Request, principal: Annotated[Principal, Depends(current_principal)]
) -> Claim:
    key = idempotency_key(request)
    claimed = uuid5(_CLAIMS, f"{principal.label}\n{request.url.path}\n{key}")
    return Claim(id=claimed, fingerprint=await fingerprint(request))


SagaClaim = Annotated[Claim, Depends(claim)]


async def page_query(
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 20,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> PageRequest:
    return PageRequest(limit=limit, cursor=cursor)


PageQuery = Annotated[PageRequest, Depends(page_query)]

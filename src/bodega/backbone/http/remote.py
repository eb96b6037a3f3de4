"""A Protocol over HTTP: the client and the router both follow from its signatures.

This is how a module or model moves into a process of its own: `apps` binds `remote(...)` instead of
the local service, and the other process serves `expose(...)`.
"""

import hmac
import inspect
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar, cast, get_type_hints

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, create_model

from bodega.backbone.http.deps import Anyone
from bodega.backbone.http.session import LateSession
from bodega.backbone.telemetry.context import bind_actor, current_actor, current_correlation_id
from bodega.backbone.telemetry.metrics import REMOTE_CALLS
from bodega.kernel.errors import (
    BodegaError,
    Conflict,
    Invalid,
    NotFound,
    Rejected,
    Stale,
    Unauthenticated,
    Unavailable,
)

T = TypeVar("T")
ACTOR = "x-bodega-actor"
_KEPT_SECONDS = 1.5


class RemoteUnavailable(Unavailable):
    code = "service_unavailable"
    title = "A service of ours did not answer in time"


class RemoteFailed(BodegaError):
    code = "service_failed"
    title = "A service of ours refused"


class RemoteRefused(RemoteFailed):
    """An error of the implementation, under its own code; of its status' kind as well."""


_REFUSALS: Mapping[int, type[RemoteRefused]] = {
    kind.status: type(f"Remote{kind.__name__}", (RemoteRefused, kind), {"status": kind.status})
    for kind in (Rejected, NotFound, Conflict, Stale, Invalid)
}
_OURS = ("malformed", "not_found", "method_not_allowed")


class _Problem(BaseModel):
    code: str
    title: str
    detail: str


class _Operation:
    """One method of a Protocol: its arguments as a model, its result as an adapter."""

    def __init__(self, protocol: type, name: str) -> None:
        method = getattr(protocol, name)
        hints = get_type_hints(method)
        result = hints.pop("return")
        fields: dict[str, Any] = {}
        for parameter in list(inspect.signature(method).parameters.values())[1:]:
            default = ... if parameter.default is parameter.empty else parameter.default
            fields[parameter.name] = (hints[parameter.name], default)
        self.names = list(fields)
        self.arguments = create_model(
            f"{protocol.__name__}_{name}",
            __config__=ConfigDict(extra="forbid"),
            **fields,
        )
        self.result: TypeAdapter[Any] = TypeAdapter(result)


@cache
def _operations(protocol: Any) -> dict[str, _Operation]:
    names = [
        name
        for name, member in vars(protocol).items()
        if inspect.iscoroutinefunction(member) and not name.startswith("_")
    ]
    return {name: _Operation(protocol, name) for name in names}


def remote_session() -> LateSession:
    """For `remote`. A connection is given up sooner than by any usual server (gunicorn 2 s, uvicorn
    and Node 5 s): a call sent into one that was just closed is lost, and nothing repeats it."""
    return LateSession(keepalive_timeout=_KEPT_SECONDS)


def remote(
    protocol: type[T],
    url: str,
    *,
    token: str,
    timeout: float,
    session: LateSession,
) -> T:
    """A client that answers `protocol` by asking `url`; late or broken raises `Unavailable`."""

    async def call(name: str, operation: _Operation, arguments: BaseModel) -> Any:
        from aiohttp import ClientError, ClientTimeout

        address = f"{url}/internal/{protocol.__name__.lower()}/{name}"
        headers = {
            "authorization": f"Internal {token}",
            "content-type": "application/json",
            "x-request-id": current_correlation_id(),
            ACTOR: current_actor() or "",
        }
        asked = session.opened.post(
            address,
            data=arguments.model_dump_json().encode(),
            headers=headers,
            timeout=ClientTimeout(total=timeout),
            allow_redirects=False,
        )
        try:
            async with asked as answer:
                status, body = answer.status, await answer.read()
        except (ClientError, TimeoutError) as error:
            REMOTE_CALLS.labels(protocol.__name__, type(error).__name__).inc()
            raise RemoteUnavailable(
                f"{protocol.__name__}.{name}: {type(error).__name__}"
            ) from error
        REMOTE_CALLS.labels(protocol.__name__, str(status)).inc()
        if status != 200:
            raise _failure(protocol, name, status, body)
        return operation.result.validate_json(body)

    methods = {
        name: _method(name, op, call) for name, op in _operations(cast("Any", protocol)).items()
    }
    return cast("T", type(f"Remote{protocol.__name__}", (), methods)())


def _method(name: str, operation: _Operation, call: Callable[..., Any]) -> Callable[..., Any]:
    async def method(self: object, *args: Any, **kwargs: Any) -> Any:
        given = dict(zip(operation.names, args, strict=False)) | kwargs
        return await call(name, operation, operation.arguments(**given))

    return method


def _failure(protocol: type, name: str, status: int, body: bytes) -> BodegaError:
    if status >= 500:
        return RemoteUnavailable(f"{protocol.__name__}.{name}: {status}")
    said = _refusal(status, body)
    if said is not None:
        return said
    shown = body[:200].decode(errors="replace")
    return RemoteFailed(f"{protocol.__name__}.{name}: {status} {shown}")


def _refusal(status: int, body: bytes) -> RemoteRefused | None:
    """What the implementation itself said of the question; that we asked wrongly is our failure."""
    try:
        said = _Problem.model_validate_json(body)
    except ValidationError:
        return None
    kind = _REFUSALS.get(status)
    if kind is None or said.code in _OURS:
        return None
    error = kind(said.detail)
    vars(error).update(code=said.code, title=said.title)
    return error


def expose(protocol: type, implementation: object, *, token: str) -> APIRouter:
    """Routes that answer `remote(protocol, …)`; closed to whoever lacks the internal token."""
    router = APIRouter(prefix=f"/internal/{protocol.__name__.lower()}", include_in_schema=False)
    operations = _operations(protocol)

    @router.post("/{name}")
    async def answer(name: str, request: Request, who: Anyone) -> Response:
        check_internal(request, token)
        operation = operations.get(name)
        if operation is None:
            raise NotFound(f"{protocol.__name__} has no operation {name!r}")
        arguments = operation.arguments.model_validate_json(await request.body())
        given = {field: getattr(arguments, field) for field in operation.names}
        result = await getattr(implementation, name)(**given)
        return Response(operation.result.dump_json(result), media_type="application/json")

    return router


def check_internal(request: Request, token: str) -> None:
    """Raises Unauthenticated for whoever does not show our own token; who does is believed on whose
    behalf it asks."""
    offered = request.headers.get("authorization", "")
    if not hmac.compare_digest(offered.encode(), f"Internal {token}".encode()):
        raise Unauthenticated
    bind_actor(request.headers.get(ACTOR) or "system:shop")

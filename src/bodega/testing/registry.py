"""A schema registry in memory that speaks Confluent's HTTP API, with its error codes: an ASGI app.

    httpx.AsyncClient(transport=httpx.ASGITransport(SchemaRegistry().app))

Avro only, without references; schemas have one id over all subjects, as in the original.
"""

import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bodega.backbone.avro.resolve import problems
from bodega.backbone.avro.schemas import Schema

Endpoint = Callable[[Request], Awaitable[Response]]
_TYPE = "application/vnd.schemaregistry.v1+json"
_ANY = ("NONE",)
_LEVELS = tuple(
    f"{way}{more}" for way in ("BACKWARD", "FORWARD", "FULL") for more in ("", "_TRANSITIVE")
)


class Refusal(Exception):
    """An answer with the registry's own code, whose first three digits are the HTTP status."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class SchemaRegistry:
    """`level` is the compatibility that subjects are held to; `user` and `password`, where given,
    are asked for. `asked` counts requests; the next `failures` are answered with 500."""

    def __init__(self, *, level: str = "BACKWARD", user: str = "", password: str = "") -> None:
        self._level = level
        self._levels: dict[str, str] = {}
        self._schemas: list[str] = []
        self._subjects: dict[str, list[int]] = {}
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._wanted = f"Basic {token}" if user else None
        self.asked = 0
        self.failures = 0
        self.app = Starlette(
            routes=[
                self._route("/subjects", self._list, "GET"),
                self._route("/subjects/{subject}", self._look_up, "POST"),
                self._route("/subjects/{subject}/versions", self._versions, "GET"),
                self._route("/subjects/{subject}/versions", self._register, "POST"),
                self._route("/subjects/{subject}/versions/{version}", self._version, "GET"),
                self._route("/schemas/ids/{id}", self._by_id, "GET"),
                self._route("/compatibility/subjects/{subject}/versions", self._check, "POST"),
                self._route("/config", self._told_level, "GET"),
                self._route("/config", self._set_level, "PUT"),
                self._route("/config/{subject}", self._told_level, "GET"),
                self._route("/config/{subject}", self._set_level, "PUT"),
            ]
        )

    def _route(self, path: str, answer: Callable[..., Any], method: str) -> Route:
        async def endpoint(request: Request) -> Response:
            self.asked += 1
            try:
                self._admit(request)
                body = json.loads(await request.body() or b"{}")
                found, status = answer(body=body, **request.path_params), 200
            except Refusal as refusal:
                found = {"error_code": refusal.code, "message": refusal.message}
                status = int(str(refusal.code)[:3])
            return JSONResponse(found, status, media_type=_TYPE)

        return Route(path, endpoint, methods=[method])

    def _admit(self, request: Request) -> None:
        if self.failures:
            self.failures -= 1
            raise Refusal(50001, "Error in the backend data store")
        if self._wanted and request.headers.get("Authorization") != self._wanted:
            raise Refusal(401, "Unauthorized")

    def _list(self, *, body: object) -> list[str]:
        return sorted(self._subjects)

    def _versions(self, *, subject: str, body: object) -> list[int]:
        return list(range(1, len(self._of(subject)) + 1))

    def _version(self, *, subject: str, version: str, body: object) -> dict[str, Any]:
        ids = self._of(subject)
        number = len(ids) if version == "latest" else int(version) if version.isdecimal() else 0
        if number == 0:
            raise Refusal(42202, f"The specified version '{version}' is not a valid version id.")
        if number > len(ids):
            raise Refusal(40402, f"Version {number} not found.")
        return self._told(subject, number)

    def _told(self, subject: str, number: int) -> dict[str, Any]:
        found = self._subjects[subject][number - 1]
        text = self._schemas[found - 1]
        return {"subject": subject, "version": number, "id": found, "schema": text}

    def _by_id(self, *, id: str, body: object) -> dict[str, Any]:
        if not id.isdecimal() or not 0 < int(id) <= len(self._schemas):
            raise Refusal(40403, f"Schema {id} not found")
        return {"schema": self._schemas[int(id) - 1]}

    def _look_up(self, *, subject: str, body: dict[str, Any]) -> dict[str, Any]:
        ids, text = self._of(subject), _canonical(body)
        known = self._schemas.index(text) + 1 if text in self._schemas else 0
        if known not in ids:
            raise Refusal(40403, "Schema not found")
        return self._told(subject, ids.index(known) + 1)

    def _register(self, *, subject: str, body: dict[str, Any]) -> dict[str, int]:
        text = _canonical(body)
        ids = self._subjects.get(subject, [])
        known = self._schemas.index(text) + 1 if text in self._schemas else 0
        if known in ids:
            return {"id": known}
        if said := self._against(subject, json.loads(text)):
            raise Refusal(
                409,
                "Schema being registered is incompatible with an earlier schema for subject "
                f'"{subject}", details: {said}',
            )
        if not known:
            self._schemas.append(text)
            known = len(self._schemas)
        self._subjects.setdefault(subject, []).append(known)
        return {"id": known}

    def _check(self, *, subject: str, body: dict[str, Any]) -> dict[str, Any]:
        self._of(subject)
        said = self._against(subject, json.loads(_canonical(body)))
        return {"is_compatible": not said, "messages": said}

    def _against(self, subject: str, schema: Schema) -> list[str]:
        level = self._levels.get(subject, self._level)
        earlier = self._subjects.get(subject, [])
        told: list[str] = []
        for number in earlier if level.endswith("_TRANSITIVE") else earlier[-1:]:
            older = _without_logic(json.loads(self._schemas[number - 1]))
            newer = _without_logic(schema)
            if level.startswith(("BACKWARD", "FULL")):
                told += problems(reader=newer, writer=older)
            if level.startswith(("FORWARD", "FULL")):
                told += problems(reader=older, writer=newer)
        return told

    def _told_level(self, *, body: object, subject: str = "") -> dict[str, str]:
        if subject and subject not in self._levels:
            message = f"Subject '{subject}' does not have subject-level compatibility configured"
            raise Refusal(40408, message)
        return {"compatibilityLevel": self._levels.get(subject, self._level)}

    def _set_level(self, *, body: dict[str, Any], subject: str = "") -> dict[str, str]:
        level = body.get("compatibility")
        if level not in (*_ANY, *_LEVELS):
            raise Refusal(42203, f"Invalid compatibility level. Valid values are {_LEVELS}")
        if subject:
            self._levels[subject] = level
        else:
            self._level = level
        return {"compatibility": level}

    def _of(self, subject: str) -> list[int]:
        if subject not in self._subjects:
            raise Refusal(40401, f"Subject '{subject}' not found.")
        return self._subjects[subject]


def _canonical(body: dict[str, Any]) -> str:
    """The schema's text, the same for the same schema."""
    import fastavro

    if body.get("schemaType", "AVRO") != "AVRO":
        raise Refusal(42201, f"Invalid schema type {body['schemaType']}: this registry has Avro")
    try:
        schema = json.loads(body["schema"])
        fastavro.parse_schema(schema)
    except Exception as error:
        raise Refusal(42201, f"Input schema is an invalid Avro schema: {error!r}") from error
    return json.dumps(schema)


def _without_logic(schema: Any) -> Any:
    """Logical types are none of the original's business."""
    if isinstance(schema, dict):
        return {name: _without_logic(v) for name, v in schema.items() if name != "logicalType"}
    return [_without_logic(branch) for branch in schema] if isinstance(schema, list) else schema

"""A client for schema registries that speak Confluent's HTTP API."""

import json
from copy import deepcopy
from typing import Any
from urllib.parse import quote

import httpx
import stamina

from bodega.backbone.avro.schemas import Schema
from bodega.backbone.http.certificates import certificates
from bodega.backbone.kafka.errors import (
    RegistryRefused,
    RegistryUnreachable,
    SchemaIncompatible,
    SchemaUnknown,
    Undecodable,
)

_TYPE = "application/vnd.schemaregistry.v1+json"
_ATTEMPTS = 4
_PATIENCE_SECONDS = 10.0
_LONGEST_WAIT = 2.0


class _Again(Exception):
    """An answer that may be another the next time."""


class Registry:
    """Schemas by id and ids by subject never change, so each is asked for once."""

    def __init__(
        self,
        url: str,
        *,
        user: str = "",
        password: str = "",
        client: httpx.AsyncClient | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._client = client or httpx.AsyncClient(verify=certificates(), timeout=_PATIENCE_SECONDS)
        self._auth = httpx.BasicAuth(user, password) if user else None
        self._schemas: dict[int, Schema] = {}
        self._ids: dict[tuple[str, str], int] = {}

    async def schema(self, schema_id: int) -> Schema:
        """Raises SchemaUnknown, Undecodable for what is not Avro by itself."""
        if schema_id not in self._schemas:
            found = await self._ask("GET", f"/schemas/ids/{schema_id}")
            kind = found.get("schemaType", "AVRO")
            if kind != "AVRO" or found.get("references"):
                what = kind if kind != "AVRO" else "Avro that refers to other schemas"
                raise Undecodable(f"Schema {schema_id} is {what}: only Avro by itself is read")
            self._schemas[schema_id] = json.loads(found["schema"])
        return self._schemas[schema_id]

    def known(self, schema_id: int) -> Schema:
        """One that was asked for before; a copy, to be marked at will."""
        return deepcopy(self._schemas[schema_id])

    async def register(self, subject: str, schema: Schema) -> int:
        """The id under which the subject has the schema, now if not before. Raises
        SchemaIncompatible."""
        text = json.dumps(schema, separators=(",", ":"))
        if (subject, text) not in self._ids:
            found = await self._ask(
                "POST", f"/subjects/{quote(subject, safe='')}/versions", {"schema": text}
            )
            self._ids[subject, text] = int(found["id"])
        return self._ids[subject, text]

    async def compatible(self, subject: str, schema: Schema) -> list[str]:
        """What the subject's rules have against the schema; a new subject has nothing."""
        place = f"/compatibility/subjects/{quote(subject, safe='')}/versions"
        body = {"schema": json.dumps(schema)}
        try:
            found = await self._ask("POST", f"{place}?verbose=true", body)
        except SchemaUnknown:
            return []
        if found["is_compatible"]:
            return []
        return [str(said) for said in found.get("messages", ())] or ["it is incompatible"]

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        try:
            async for attempt in stamina.retry_context(
                on=_Again,
                attempts=_ATTEMPTS,
                wait_initial=0.1,
                wait_max=_LONGEST_WAIT,
                wait_jitter=0.2,
            ):
                with attempt:
                    return await self._once(method, path, body)
        except _Again as error:
            raise RegistryUnreachable(f"{self._url} does not answer: {error}") from error
        raise AssertionError

    async def _once(self, method: str, path: str, body: object) -> dict[str, Any]:
        try:
            answer = await self._client.request(
                method,
                self._url + path,
                content=json.dumps(body) if body is not None else None,
                headers={"Accept": _TYPE, "Content-Type": _TYPE},
                auth=self._auth or httpx.USE_CLIENT_DEFAULT,
            )
        except httpx.HTTPError as error:
            raise _Again(str(error) or type(error).__name__) from error
        if answer.status_code == 429 or answer.status_code >= 500:
            raise _Again(f"status {answer.status_code}, {_said(answer)}")
        if answer.is_success:
            found: dict[str, Any] = answer.json()
            return found
        raise _refusal(answer, path)


def _refusal(answer: httpx.Response, path: str) -> Exception:
    says = f"{_said(answer)} ({path.partition('?')[0]})"
    if answer.status_code == 409:
        return SchemaIncompatible(f"The registry takes no such schema: {says}")
    if answer.status_code == 404 and _code(answer) in (40401, 40402, 40403):
        return SchemaUnknown(f"The registry does not know it: {says}")
    return RegistryRefused(f"The registry refuses with {answer.status_code}: {says}")


def _code(answer: httpx.Response) -> int:
    try:
        return int(answer.json()["error_code"])
    except (ValueError, KeyError, TypeError):
        return 0


def _said(answer: httpx.Response) -> str:
    try:
        return f"{answer.json()['message']} [{_code(answer)}]"
    except (ValueError, KeyError, TypeError):
        return answer.text[:200].strip() or answer.reason_phrase

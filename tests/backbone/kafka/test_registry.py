"""The client of schema registries, against a double that speaks their API."""

import httpx
import pytest

from bodega.backbone.kafka.errors import (
    RegistryRefused,
    RegistryUnreachable,
    SchemaIncompatible,
    SchemaUnknown,
    Undecodable,
)
from bodega.backbone.kafka.registry import Registry
from bodega.testing.registry import SchemaRegistry

ONE = {"type": "record", "name": "A", "fields": [{"name": "a", "type": "long"}]}
TWO = {**ONE, "fields": [*ONE["fields"], {"name": "b", "type": "string", "default": ""}]}
BROKEN = {**ONE, "fields": [{"name": "b", "type": "string"}]}


def client(double: SchemaRegistry, **more: str) -> Registry:
    transport = httpx.ASGITransport(double.app)
    return Registry("http://r.test/", client=httpx.AsyncClient(transport=transport), **more)


async def test_schemas_have_ids_and_are_asked_for_once(
    double: SchemaRegistry, registry: Registry
) -> None:
    first = await registry.register("orders-value", ONE)
    assert await registry.register("orders-value", ONE) == first
    assert await registry.register("returns-value", ONE) == first
    assert await registry.schema(first) == ONE
    asked = double.asked
    assert await registry.schema(first) == ONE
    assert await registry.register("orders-value", ONE) == first
    assert double.asked == asked
    assert await registry.register("orders-value", TWO) != first


async def test_an_incompatible_schema_is_refused_with_the_reason(registry: Registry) -> None:
    assert await registry.compatible("a b-value", BROKEN) == []
    await registry.register("a b-value", ONE)
    assert await registry.compatible("a b-value", TWO) == []
    assert "b: is not written and has no default" in await registry.compatible("a b-value", BROKEN)
    with pytest.raises(SchemaIncompatible, match=r"incompatible with an earlier schema.*\[409\]"):
        await registry.register("a b-value", BROKEN)


async def test_what_the_registry_does_not_have_or_take_is_told(registry: Registry) -> None:
    with pytest.raises(SchemaUnknown, match=r"Schema 99 not found \[40403\]"):
        await registry.schema(99)
    with pytest.raises(RegistryRefused, match=r"invalid Avro schema.*\[42201\]"):
        await registry.register("orders-value", {"type": "nothing"})


async def test_it_is_asked_again_while_it_fails_and_then_given_up(double: SchemaRegistry) -> None:
    registry = client(double)
    double.failures = 2
    assert await registry.register("a-value", ONE) == 1
    double.failures = 100
    with pytest.raises(RegistryUnreachable, match=r"status 500, Error in the backend"):
        await registry.schema(1)


async def test_nobody_there_is_unreachable() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused")

    transport = httpx.AsyncClient(transport=httpx.MockTransport(refuse))
    with pytest.raises(RegistryUnreachable, match="connection refused"):
        await Registry("http://r.test", client=transport).schema(1)


async def test_user_and_password_are_shown() -> None:
    double = SchemaRegistry(user="shop", password="s3cret")
    assert await client(double, user="shop", password="s3cret").register("a-value", ONE) == 1
    with pytest.raises(RegistryRefused, match=r"401: Unauthorized"):
        await client(double, user="shop", password="wrong").register("a-value", ONE)


async def test_only_avro_by_itself_is_read() -> None:
    def protobuf(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"schemaType": "PROTOBUF", "schema": "message A {}"})

    transport = httpx.AsyncClient(transport=httpx.MockTransport(protobuf))
    with pytest.raises(Undecodable, match="Schema 1 is PROTOBUF"):
        await Registry("http://r.test", client=transport).schema(1)


async def test_the_double_answers_as_registries_do(double: SchemaRegistry) -> None:
    transport = httpx.ASGITransport(double.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://r.test") as asked:
        schema = {"schema": '{"type": "string"}'}

        async def code(method: str, path: str, body: object = None) -> int:
            answer = await asked.request(method, path, json=body)
            said = answer.json()
            return int(said["error_code"]) if isinstance(said, dict) and "error_code" in said else 0

        assert await code("GET", "/subjects/s/versions") == 40401
        assert await code("POST", "/subjects/s/versions", schema) == 0
        assert await code("GET", "/subjects/s/versions/2") == 40402
        assert await code("GET", "/subjects/s/versions/x") == 42202
        assert await code("POST", "/subjects/s", {"schema": '{"type": "long"}'}) == 40403
        assert await code("POST", "/subjects/s/versions", {"schema": "{"}) == 42201
        assert await code("PUT", "/config/s", {"compatibility": "SOME"}) == 42203
        assert await code("GET", "/config/s") == 40408
        assert await code("PUT", "/config/s", {"compatibility": "NONE"}) == 0
        assert await code("POST", "/subjects/s/versions", {"schema": '{"type": "long"}'}) == 0
        assert (await asked.get("/subjects")).json() == ["s"]
        assert (await asked.get("/subjects/s/versions")).json() == [1, 2]
        latest = (await asked.get("/subjects/s/versions/latest")).json()
        assert latest == {"subject": "s", "version": 2, "id": 2, "schema": '{"type": "long"}'}
        assert (await asked.get("/config")).json() == {"compatibilityLevel": "FULL_TRANSITIVE"}
        assert (
            (await asked.get("/schemas/ids/1"))
            .headers["content-type"]
            .startswith("application/vnd.schemaregistry.v1+json")
        )

"""The edge as a client of the shop sees it: ids, headers, problems, idempotency."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from bodega.backbone.db import Database
from tests.kit.doors import Doors, key

PRODUCT = {
    "title": "Red Mug",
    "variants": [{"sku": "MUG-1", "price": {"amount": 599, "currency": "GBP"}}],
}
PATH = "/api/v1/admin/products"


@pytest.fixture
async def admin(doors: Doors) -> httpx.AsyncClient:
    return await doors.admin()


async def products(database: Database) -> int:
    async with database.reading() as connection:
        found = await connection.execute(text("SELECT count(*) FROM catalog.products"))
        return int(found.scalar_one())


async def test_the_same_key_answers_the_same_and_works_once(
    admin: httpx.AsyncClient, database: Database
) -> None:
    mine = key()
    first = await admin.post(PATH, json=PRODUCT, headers=mine)
    again = await admin.post(PATH, json=PRODUCT, headers=mine)
    assert first.status_code == again.status_code == 201
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert await products(database) == 1


async def test_parallel_requests_with_one_key_work_once(
    admin: httpx.AsyncClient, database: Database
) -> None:
    mine = key()
    answers = await asyncio.gather(
        *(admin.post(PATH, json=PRODUCT, headers=mine) for _ in range(10))
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    waiting = [answer.json()["code"] for answer in answers if answer.status_code == 409]
    assert set(waiting) <= {"idempotency_in_progress"}
    assert await products(database) == 1


async def test_a_request_under_way_elsewhere_is_told_apart(
    admin: httpx.AsyncClient, database: Database
) -> None:
    mine = key()
    await admin.post(PATH, json=PRODUCT, headers=mine)
    async with database.work() as uow:
        await uow.connection.execute(text("UPDATE backbone.idempotency SET status = NULL"))
    again = await admin.post(PATH, json=PRODUCT, headers=mine)
    assert (again.status_code, again.json()["code"]) == (409, "idempotency_in_progress")
    assert await products(database) == 1


async def test_a_key_with_another_body_is_refused(admin: httpx.AsyncClient) -> None:
    mine = key()
    await admin.post(PATH, json=PRODUCT, headers=mine)
    other = await admin.post(PATH, json={**PRODUCT, "title": "Blue Mug"}, headers=mine)
    assert other.status_code == 400
    assert other.json()["code"] == "idempotency_key_reused"


async def test_a_failed_attempt_frees_its_key(admin: httpx.AsyncClient) -> None:
    await admin.post(PATH, json=PRODUCT, headers=key())
    mine = key()
    taken = await admin.post(PATH, json=PRODUCT, headers=mine)
    assert taken.status_code == 409
    retried = await admin.post(PATH, json=PRODUCT, headers=mine)
    assert retried.json()["code"] == taken.json()["code"]
    assert "idempotency-replayed" not in retried.headers


async def test_a_claim_left_by_a_crash_lapses(admin: httpx.AsyncClient, database: Database) -> None:
    mine = key()
    await admin.post(PATH, json=PRODUCT, headers=mine)
    async with database.work() as uow:
        await uow.connection.execute(
            text(
                "UPDATE backbone.idempotency SET status = NULL, body = NULL,"
                " locked_until = now() - interval '1 second' WHERE key = :key"
            ),
            {"key": mine["idempotency-key"]},
        )
        await uow.connection.execute(text("TRUNCATE catalog.variants, catalog.products"))
    retried = await admin.post(PATH, json=PRODUCT, headers=mine)
    assert retried.status_code == 201
    assert await products(database) == 1


@pytest.mark.parametrize("bad", ["", "x" * 201, "tab\there"])
async def test_a_bad_key_is_refused(admin: httpx.AsyncClient, bad: str) -> None:
    answer = await admin.post(PATH, json=PRODUCT, headers={"idempotency-key": bad})
    assert answer.json()["code"] == "idempotency_key_malformed"


async def test_a_guest_takes_a_key_nobody_else_would(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/carts", headers={"idempotency-key": "1"})
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_malformed")


async def test_no_key_is_refused_and_nobody_gets_that_far_unasked(
    admin: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    assert (await admin.post(PATH, json=PRODUCT)).json()["code"] == "idempotency_key_missing"
    assert (await client.post(PATH, json=PRODUCT)).status_code == 401


async def test_a_malformed_body_names_its_fields(admin: httpx.AsyncClient) -> None:
    answer = await admin.post(PATH, json={"title": 3}, headers=key())
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    fields = {item["field"] for item in answer.json()["errors"]}
    assert fields == {"body.title", "body.variants"}


async def test_a_failure_of_ours_shows_no_trace(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_args: object, **_options: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("bodega.commerce.catalog.repository.find_products", broken)
    answer = await client.get("/api/v1/products")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.json()["code"] == "internal_error"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["x-frame-options"] == "DENY"


async def test_request_ids_are_kept_when_sound_and_made_when_not(
    client: httpx.AsyncClient,
) -> None:
    sound = await client.get("/api/v1/products", headers={"x-request-id": "abcdef-123456"})
    assert sound.headers["x-request-id"] == "abcdef-123456"
    for bad in ("short", "x" * 65, "evil\\ninjection"):
        answer = await client.get("/api/v1/products", headers={"x-request-id": bad})
        assert len(answer.headers["x-request-id"]) == 32


async def test_security_headers_are_everywhere(client: httpx.AsyncClient) -> None:
    for path in ("/api/v1/products", "/nowhere", "/health/live"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "default-src 'self'" in headers["content-security-policy"]


async def test_an_event_carries_the_request_id(
    admin: httpx.AsyncClient, database: Database
) -> None:
    headers = {**key(), "x-request-id": "trace-me-please"}
    await admin.post(PATH, json=PRODUCT, headers=headers)
    async with database.reading() as connection:
        found = await connection.execute(
            text("SELECT correlation_id, actor, type FROM backbone.outbox ORDER BY id DESC LIMIT 1")
        )
        row = found.one()
    assert (row.correlation_id, row.type) == ("trace-me-please", "catalog.product_changed")
    assert row.actor.startswith("admin:")


async def test_health_and_metrics_answer(client: httpx.AsyncClient) -> None:
    assert (await client.get("/health/live")).json() == {"status": "ok"}
    ready = (await client.get("/health/ready")).json()
    assert ready == {"status": "ok", "checks": {"database": "ok", "valkey": "ok"}}
    assert (await client.get("/health/startup")).status_code == 200
    assert "bodega_http_requests_total" in (await client.get("/metrics")).text


async def test_a_body_too_large_is_refused_unread(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/auth/token", content=b"x" * (1024 * 1024 + 1))
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"


async def test_a_body_that_hides_its_length_is_refused_too(client: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(2000):
            yield b"x" * 1024

    answer = await client.post("/api/v1/auth/token", content=endless())
    assert answer.status_code == 413


async def test_a_database_away_is_a_503_worth_retrying(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_args: object, **_options: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("starting up"))

    monkeypatch.setattr("bodega.commerce.catalog.repository.find_products", away)
    answer = await client.get("/api/v1/products")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert answer.headers["retry-after"] == "1"

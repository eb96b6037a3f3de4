"""Identity over HTTP: who gets in, and what strangers learn."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from tests.commerce.people import PASSWORD, admin, bearer, customer, register, user_id

AUTH = "/api/v1/auth"


def told(answer: httpx.Response) -> dict[str, Any]:
    """An answer without what differs from request to request."""
    return {**answer.json(), "request_id": None, "status": answer.status_code}


async def test_a_customer_registers_and_is_who_they_say(client: httpx.AsyncClient) -> None:
    body = {"email": "Maria@Example.com", "password": PASSWORD, "name": " Maria "}
    answer = await client.post(f"{AUTH}/register", json=body)
    assert answer.status_code == 201
    assert answer.json()["expires_in"] == 900
    me = await client.get("/api/v1/me", headers=bearer(answer.json()["access_token"]))
    assert me.json() | {"id": None} == {
        "id": None, "email": "maria@example.com", "name": "Maria", "role": "customer",
        "country": None,
    }  # fmt: skip


async def test_refusals_do_not_tell_who_has_an_account(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    await register(client, "maria@example.com")
    boss, closed = await admin(client, settings), await customer(client, "otto@example.com")
    address = f"/api/v1/admin/users/{await user_id(client, closed)}"
    await client.patch(address, json={"status": "disabled"}, headers=boss)
    answers = [
        told(await client.post(f"{AUTH}/token", json={"email": email, "password": password}))
        for email, password in (
            ("maria@example.com", "wrong password"),
            ("nobody@example.com", PASSWORD),
            ("not an e-mail", PASSWORD),
            ("otto@example.com", PASSWORD),
        )
    ]
    assert answers[0]["status"] == 401
    assert answers[0]["code"] == "credentials_wrong"
    assert all(answer == answers[0] for answer in answers)


async def test_tokens_rotate_and_reuse_ends_them(client: httpx.AsyncClient) -> None:
    first = await register(client)
    second = (await client.post(
        f"{AUTH}/refresh", json={"refresh_token": first["refresh_token"]}
    )).json()  # fmt: skip
    assert second["refresh_token"] != first["refresh_token"]
    again = await client.post(f"{AUTH}/refresh", json={"refresh_token": first["refresh_token"]})
    assert (again.status_code, again.json()["code"]) == (401, "token_refused")
    me = await client.get("/api/v1/me", headers=bearer(second["access_token"]))
    assert me.status_code == 401


async def test_revoking_works_at_once_and_never_tells(client: httpx.AsyncClient) -> None:
    tokens = await register(client)
    assert (
        await client.get("/api/v1/me", headers=bearer(tokens["access_token"]))
    ).status_code == 200
    for token in (tokens["access_token"], tokens["access_token"], "garbage", "bor_" + "x" * 43):
        answer = await client.post(f"{AUTH}/revoke", json={"token": token})
        assert (answer.status_code, answer.content) == (204, b"")
    assert (
        await client.get("/api/v1/me", headers=bearer(tokens["access_token"]))
    ).status_code == 401


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer ", "Bearer boa_" + "x" * 43, "Bearer " + "x" * 5000, "Basic YTpi",
     "bearer null", "Bearer boa_' OR 1=1 --", "Digest x"],
)  # fmt: skip
async def test_garbled_credentials_are_refused(client: httpx.AsyncClient, header: str) -> None:
    answer = await client.get("/api/v1/me", headers={"authorization": header})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_guest_has_no_self(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/me")).status_code == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ([], 422),
        ("text", 422),
        ({"email": 1, "password": PASSWORD}, 422),
        ({"email": ["a@b.de"], "password": PASSWORD}, 422),
        ({"email": "a@b.de", "password": {"$ne": ""}}, 422),
        ({"email": "a@b.de", "password": PASSWORD, "role": "admin"}, 422),
        ({"email": "a@b.de", "password": PASSWORD, "name": "a\x00b"}, 422),
        ({"email": "a\x00@b.de", "password": PASSWORD}, 422),
        ({"email": "mаria@example.com", "password": PASSWORD}, 422),
        ({"email": "x" * 10_000 + "@b.de", "password": PASSWORD}, 422),
        ({"email": "a@b.de", "password": "x" * 100_000}, 422),
        ({"email": "a@b.de", "password": "short"}, 400),
        ({"email": "maria@example.com", "password": "maria@example.com"}, 400),
        ({"email": "a@b.de", "password": "password123"}, 400),
    ],
)
async def test_bad_registrations_are_refused_without_echo(
    client: httpx.AsyncClient, body: Any, status: int
) -> None:
    answer = await client.post(f"{AUTH}/register", json=body)
    assert answer.status_code == status, answer.text
    assert PASSWORD not in answer.text
    assert len(answer.text) < 2000


async def test_broken_json_is_a_problem_not_a_crash(client: httpx.AsyncClient) -> None:
    for content in (b"{", b"\xff\xfe", b'{"email": "\\ud800@b.de", "password": "xxxxxxxxxxxx"}'):
        answer = await client.post(
            f"{AUTH}/token", content=content, headers={"content-type": "application/json"}
        )
        assert answer.status_code in (400, 401, 422), answer.text
        assert answer.headers["content-type"] == "application/problem+json"


async def test_secrets_are_not_recorded_under_an_idempotency_key(
    client: httpx.AsyncClient, context: Context
) -> None:
    body = {"email": "maria@example.com", "password": PASSWORD}
    await client.post(f"{AUTH}/register", json=body, headers={"idempotency-key": "k"})
    first = await client.post(f"{AUTH}/token", json=body, headers={"idempotency-key": "k"})
    second = await client.post(f"{AUTH}/token", json=body, headers={"idempotency-key": "k"})
    assert first.json()["access_token"] != second.json()["access_token"]
    async with context.database.reading() as connection:
        kept = await connection.execute(text("SELECT 1 FROM backbone.idempotency"))
        assert kept.all() == []


async def test_only_staff_see_users_and_only_admins_change_them(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    boss, maria = await admin(client, settings), await customer(client, "maria@example.com")
    maria_id = await user_id(client, maria)
    users, one = "/api/v1/admin/users", f"/api/v1/admin/users/{maria_id}"
    change = {"role": "admin"}
    assert (await client.get(users)).status_code == 401
    assert (await client.get(users, headers=maria)).status_code == 403
    assert (await client.patch(one, json=change)).status_code == 401
    assert (await client.patch(one, json=change, headers=maria)).status_code == 403
    answer = await client.patch(one, json={"role": "staff"}, headers=boss)
    assert (answer.status_code, answer.json()["role"]) == (200, "staff")
    assert (await client.get(users, headers=maria)).status_code == 200
    assert (await client.patch(one, json=change, headers=maria)).status_code == 403


async def test_users_come_in_pages(client: httpx.AsyncClient, settings: Settings) -> None:
    boss = await admin(client, settings)
    for number in range(3):
        await register(client, f"u{number}@example.com")
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await client.get(
            "/api/v1/admin/users", params={"limit": "2"} | cursor, headers=boss
        )
        page = answer.json()
        seen += [user["email"] for user in page["items"]]
        if not page["next_cursor"]:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == ["u2@example.com", "u1@example.com", "u0@example.com", settings.admin_email]


@pytest.mark.parametrize(
    "change", [{"role": "customer"}, {"role": "staff"}, {"status": "disabled"}]
)
async def test_the_last_admin_stays(
    client: httpx.AsyncClient, settings: Settings, change: dict[str, str]
) -> None:
    boss = await admin(client, settings)
    own = f"/api/v1/admin/users/{await user_id(client, boss)}"
    answer = await client.patch(own, json=change, headers=boss)
    assert (answer.status_code, answer.json()["code"]) == (409, "last_admin")
    assert (await client.get("/api/v1/admin/users", headers=boss)).status_code == 200


@pytest.mark.parametrize(
    "change", [{"role": "system"}, {"role": "anonymous"}, {"role": "root"}, {"email": "a@b.de"}]
)
async def test_nobody_is_given_a_role_that_is_not_one(
    client: httpx.AsyncClient, settings: Settings, change: dict[str, str]
) -> None:
    boss = await admin(client, settings)
    own = f"/api/v1/admin/users/{await user_id(client, boss)}"
    assert (await client.patch(own, json=change, headers=boss)).status_code == 422
    unknown = f"/api/v1/admin/users/{uuid4()}"
    assert (await client.patch(unknown, json={"role": "staff"}, headers=boss)).status_code == 404


async def test_guessing_passwords_ends_in_429(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    body = {"email": "maria@example.com", "password": "wrong"}
    statuses = [
        (await client.post(f"{AUTH}/token", json=body)).status_code
        for _ in range(settings.identity_attempts + 1)
    ]
    assert statuses == [401] * settings.identity_attempts + [429]

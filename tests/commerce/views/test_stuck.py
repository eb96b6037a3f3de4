"""Stuck events over the API: what is seen, who may decide, and what is kept of it."""

from uuid import uuid4

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from tests.kit.doors import Doors, key
from tests.kit.parked import CONSUMER, Park, parking

AT = "/api/v1/admin/stuck-events"
WHY = {"why": "the mail server is back"}


@pytest.fixture
def park(app: FastAPI, janitor: psycopg.Connection) -> Park:
    return parking(janitor)


@pytest.fixture
async def admin(doors: Doors) -> httpx.AsyncClient:
    return await doors.admin()


async def test_staff_look_page_by_page_and_decide_nothing(
    doors: Doors, admin: httpx.AsyncClient, park: Park
) -> None:
    clerk, held = await doors.staff(admin), uuid4()
    event = park(held)
    park(held, state="waiting")
    park(uuid4(), consumer="search.index", state="retrying")
    newest = (await clerk.get(AT, params={"limit": 1})).json()
    assert [one["consumer"] for one in newest["items"]] == ["search.index"]
    rest = (await clerk.get(AT, params={"cursor": newest["next_cursor"]})).json()
    assert [(one["event"]["event_id"], one["behind"]) for one in rest["items"]] == [(str(event), 1)]
    only = (await clerk.get(AT, params={"state": "dead", "consumer": CONSUMER})).json()
    assert only["items"] == rest["items"]
    assert (await clerk.get(f"{AT}/{CONSUMER}/{event}")).json() == rest["items"][0]
    assert (await clerk.get(f"{AT}/counts")).json()[0] == {
        "consumer": CONSUMER, "dead": 1, "retrying": 0, "waiting": 1,
    }  # fmt: skip
    for path in ("replays", f"{CONSUMER}/{event}/replay", f"{CONSUMER}/{event}/drop"):
        answer = await clerk.post(f"{AT}/{path}", json=WHY, headers=key())
        assert (answer.status_code, answer.json()["code"]) == (403, "denied")


async def test_an_admin_has_it_tried_again_or_gives_it_up_once(
    admin: httpx.AsyncClient, park: Park
) -> None:
    first, second = park(uuid4()), park(uuid4())
    at, again = f"{AT}/{CONSUMER}/{first}", key()
    for _ in range(2):  # the same key is the same decision
        answer = await admin.post(f"{at}/replay", json=WHY, headers=again)
        assert (answer.status_code, answer.json()) == (200, {"woken": 1})
    assert (await admin.get(at)).json()["state"] == "retrying"
    every = await admin.post(f"{AT}/replays", json={**WHY, "consumer": CONSUMER}, headers=key())
    assert every.json() == {"woken": 2}
    given_up = await admin.post(f"{AT}/{CONSUMER}/{second}/drop", json=WHY, headers=key())
    assert given_up.status_code == 204
    told = (await admin.get(f"{AT}/decisions")).json()
    assert [one["action"] for one in told] == ["drop", "replay", "replay", "replay"]
    assert {one["why"] for one in told} == {WHY["why"]}
    assert {one["actor"].partition(":")[0] for one in told} == {"admin"}
    assert len((await admin.get(f"{AT}/decisions", params={"limit": 1})).json()) == 1


async def test_what_cannot_be_decided_changes_nothing(admin: httpx.AsyncClient, park: Park) -> None:
    event, unknown = park(uuid4()), uuid4()
    for path, sent, expected in (
        (f"{event}/drop", {}, (422, "malformed")),
        (f"{event}/drop", {"why": "  "}, (422, "malformed")),
        (f"{event}/drop", {"why": "x" * 201}, (422, "malformed")),
        (f"{event}/drop", WHY | {"sure": True}, (422, "malformed")),
        ("none/replay", WHY, (422, "malformed")),
        (f"{unknown}/drop", WHY, (404, "stuck_event_not_found")),
        (f"{unknown}/replay", WHY, (404, "stuck_event_not_found")),
    ):
        answer = await admin.post(f"{AT}/{CONSUMER}/{path}", json=sent, headers=key())
        assert (answer.status_code, answer.json()["code"]) == expected, path
    assert (await admin.get(f"{AT}/decisions")).json() == []


async def test_odd_questions_are_422(admin: httpx.AsyncClient, app: FastAPI) -> None:
    for asked in ({"state": "waitin"}, {"limit": 0}, {"cursor": "x"}, {"consumer": "x" * 201}):
        assert (await admin.get(AT, params=asked)).status_code == 422, asked

"""The room of stuck events: who may look, who may decide, and what is written down of it."""

from uuid import uuid4

import psycopg
import pytest
from fastapi import FastAPI

from tests.kit.doors import Doors
from tests.kit.parked import CONSUMER, Park, parking
from tests.web.conftest import Browser


@pytest.fixture
def park(app: FastAPI, janitor: psycopg.Connection) -> Park:
    return parking(janitor)


@pytest.fixture
async def admin(app: FastAPI, doors: Doors) -> Browser:
    me = (await (await doors.customer()).get("/api/v1/me")).json()
    first = await doors.admin()
    await first.patch(f"/api/v1/admin/users/{me['id']}", json={"role": "admin"})
    browser = Browser(app)
    await browser.sign_in(me["email"])
    return browser


def states(janitor: psycopg.Connection) -> list[tuple[str, int]]:
    found = janitor.execute(
        'SELECT state, attempts FROM backbone.parked_events ORDER BY "offset"'
    ).fetchall()
    return [(state, attempts) for state, attempts in found]


async def test_staff_see_what_is_stuck_and_decide_nothing(clerk: Browser, park: Park) -> None:
    key = uuid4()
    event = park(key)
    park(key, state="waiting")
    park(uuid4(), consumer="search.index", state="retrying")
    page = (await clerk.get("/console/stuck")).text
    assert "SmtpRefused: &lt;b&gt;no such host" in page
    assert "1 dead, 1 tried again, 1 waiting behind them" in page
    assert page.count('data-label="Behind it"') == 2, "the one behind is counted, not listed"
    only = (await clerk.get("/console/stuck?state=retrying")).text
    assert str(key) not in only
    here = f"/console/stuck/{CONSUMER}/{event}"
    one = (await clerk.get(here)).text
    assert "order_id" in one
    assert "<form" not in one.partition('data-testid="stuck-event"')[2]
    token = (await clerk.fields("/account", "/sign-out"))["csrf_token"]
    for action in (f"{here}/replay", f"{here}/drop", "/console/stuck"):
        sent = await clerk.post(action, {"csrf_token": token, "why": "x", "sure": "yes"})
        assert sent.status_code == 403, action


async def test_an_admin_tries_again_and_gives_up_with_a_reason(
    admin: Browser, park: Park, janitor: psycopg.Connection
) -> None:
    key = uuid4()
    first, _ = park(key), park(key, state="waiting")
    here = f"/console/stuck/{CONSUMER}/{first}"
    unsaid = await admin.send(here, f"{here}/replay", why="")
    assert (unsaid.status_code, "Say why" in unsaid.text) == (400, True)
    assert (await admin.send(here, f"{here}/replay", why="mail works")).status_code == 303
    assert states(janitor) == [("retrying", 0), ("waiting", 8)]
    unsure = await admin.send(here, f"{here}/drop", why="no such customer")
    assert (unsure.status_code, "Tick that" in unsure.text) == (400, True)
    fields = await admin.fields(here, f"{here}/drop") | {"why": "never", "sure": "yes"}
    assert (await admin.post(f"{here}/drop", fields)).status_code == 303
    assert (await admin.post(f"{here}/drop", fields)).status_code == 404
    assert states(janitor) == [("waiting", 8)]
    page = (await admin.get("/console/stuck")).text
    decided = page.partition('data-testid="decisions"')[2]
    assert decided.index("given up") < decided.index("mail works")
    assert decided.count("admin:") == 2


async def test_all_of_a_consumer_are_tried_again(
    admin: Browser, park: Park, janitor: psycopg.Connection
) -> None:
    for _ in range(2):
        park(uuid4())
    park(uuid4(), consumer="search.index")
    sent = await admin.send(
        f"/console/stuck?consumer={CONSUMER}", "/console/stuck", why="mail is back"
    )
    assert sent.status_code == 303
    assert [state for state, _ in states(janitor)] == ["retrying", "retrying", "dead"]


async def test_many_come_in_pages(clerk: Browser, park: Park) -> None:
    keys = [uuid4() for _ in range(51)]
    for key in keys:
        park(key)
    first = (await clerk.get("/console/stuck")).text
    assert str(keys[-1]) in first
    assert str(keys[0]) not in first
    cursor = first.partition("cursor=")[2].partition('"')[0]
    second = (await clerk.get(f"/console/stuck?cursor={cursor}")).text
    assert [str(key) in second for key in (keys[0], keys[1])] == [True, False]
    assert (await clerk.get("/console/stuck?cursor=odd")).status_code == 422

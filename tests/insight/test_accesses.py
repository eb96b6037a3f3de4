"""Admins see who read what, by the API and in the console; readers are named by our own process."""

from collections.abc import AsyncIterator
from pathlib import Path

import duckdb
import pytest
from fastapi import FastAPI

from bodega.apps.serving import build
from bodega.backbone.http.remote import remote, remote_session
from bodega.backbone.settings import Settings
from bodega.contracts.accesses import Accesses
from bodega.contracts.metrics import Metrics
from bodega.data.lake.publish import GoldTable, publish
from tests.kit.doors import Doors
from tests.kit.served import served as serving
from tests.web.conftest import Browser

BUYERS = """create table gold.mart_customers as
select 'guest:t1' as buyer_key, 'GBP' as currency, 1 as orders, 5 as net_amount,
    'new' as segment, '2026-01' as cohort_month, 'GB' as country, true as is_guest"""


@pytest.fixture
async def served(app: FastAPI, tmp_path: Path) -> AsyncIterator[FastAPI]:
    """The shop's process with the serving process behind it, over a lake with one table."""
    with duckdb.connect() as con:
        con.execute("create schema gold")
        con.execute(BUYERS)
        publish(con, tmp_path, [GoldTable("mart_customers")], known_at=None, position=1)
    settings = Settings(_env_file=None, data_dir=tmp_path, lake_url=str(tmp_path))
    token = settings.internal_token.get_secret_value()
    session = remote_session()
    with serving(build(settings), lifespan="off") as url:
        for protocol in (Metrics, Accesses):
            answer = remote(protocol, url, token=token, timeout=5, session=session)
            app.state.container.bind(protocol, answer)
        yield app
        await session.close()


async def test_a_person_is_named_by_the_shop_and_nobody_can_name_another(
    served: FastAPI, doors: Doors
) -> None:
    admin = await doors.admin()
    me = (await admin.get("/api/v1/me")).json()["id"]
    forged = {"x-bodega-actor": "staff:somebody-else"}
    asked = await admin.get("/api/v1/admin/metrics/buyers", headers=forged)
    assert asked.json()["rows"][0]["value"] == 1
    report = (await admin.get("/api/v1/admin/lake/reads")).json()
    (read,) = report["reads"]
    assert read["who"].endswith(me)
    assert (read["via"], read["tables"]) == ("metrics", ["gold.mart_customers"])
    assert report["whole"] is True
    nobody = await admin.get("/api/v1/admin/lake/reads", params={"who": "somebody"})
    assert nobody.json()["reads"] == []
    staff = await doors.staff(admin)
    assert (await staff.get("/api/v1/admin/lake/reads")).status_code == 403


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ("sunshine", 404, "metric_unknown"),
        ("buyers?by=weather", 422, "metric_dimension_unknown"),
        ("buyers?since=2026-01-01", 422, "metric_dimension_unknown"),
        ("net_sales?since=2026-02-01&until=2026-01-01", 422, "malformed"),
    ],
    ids=["name", "dimension", "time", "period"],
)
async def test_a_question_that_makes_no_sense_is_refused_by_its_own_code(
    served: FastAPI, doors: Doors, asked: str, status: int, code: str
) -> None:
    admin = await doors.admin()
    answer = await admin.get(f"/api/v1/admin/metrics/{asked}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_the_console_shows_it_to_admins_only(served: FastAPI, doors: Doors) -> None:
    admin = await doors.admin()
    await admin.get("/api/v1/admin/metrics/buyers")
    staff = await doors.staff(admin)
    me = (await staff.get("/api/v1/me")).json()
    browser = Browser(served)
    await browser.sign_in(me["email"])
    assert (await browser.get("/console/dictionary/reads")).status_code == 403
    await admin.patch(f"/api/v1/admin/users/{me['id']}", json={"role": "admin"})
    browser = Browser(served)
    await browser.sign_in(me["email"])
    page = await browser.get("/console/dictionary/reads")
    assert page.status_code == 200
    assert "gold.mart_customers" in page.text
    assert "record whole" in page.text

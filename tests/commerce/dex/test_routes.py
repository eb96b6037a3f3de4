"""External data and insights over HTTP: states, permissions, lines of JSON, memory."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from fastapi import FastAPI

pytest.importorskip("deltalake")

from bodega.apps.serving import build as build_serving
from bodega.backbone.http.remote import remote, remote_session
from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.dex.service import ExternalService, InsightsService
from bodega.contracts.dex import Datasets, External, Insights
from bodega.data.lake.publish import GoldTable, publish
from bodega.insight import streams
from bodega.testing.doubles import FmpDouble, OpenMeteoDouble
from tests.kit.doors import Doors
from tests.kit.served import served

PLACE = {"latitude": 51.51, "longitude": -0.13}
ROWS = 60_000


class Outdoors:
    """Both outside APIs behind one transport."""

    def __init__(self) -> None:
        self.weather, self.fmp = OpenMeteoDouble(), FmpDouble()

    def handle(self, request: httpx.Request) -> httpx.Response:
        double = self.fmp if "financial" in request.url.host else self.weather
        return double.handle(request)


@pytest.fixture
def outdoors() -> Outdoors:
    return Outdoors()


@pytest.fixture
async def staff(
    app: FastAPI, context: Context, doors: Doors, outdoors: Outdoors, settings: Settings
) -> AsyncIterator[httpx.AsyncClient]:
    keyed = settings.model_copy(update={"fmp_key": type(settings.fmp_key)("test-key")})
    told = Context(keyed, context.database, context.cache, context.clock, context.container)
    external = ExternalService(told, transport=httpx.MockTransport(outdoors.handle))
    app.state.container.bind(External, external)
    yield await doors.admin()
    await external.aclose()


async def test_weather_and_quotes_come_each_with_a_state(
    staff: httpx.AsyncClient, outdoors: Outdoors
) -> None:
    asked = {**PLACE, "symbols": ["AAPL", "none"], "past_days": 3}
    answer = await staff.get("/api/v1/external-data", params=asked)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["weather"]["state"], len(said["weather"]["days"])) == ("fresh", 3 + 7)
    quotes = {part["symbol"]: part for part in said["market"]}
    assert quotes["AAPL"]["quote"]["currency"] == "USD"
    assert quotes["NONE"]["quote"] is None
    outdoors.weather.down = True
    again = (await staff.get("/api/external-data", params=PLACE | {"past_days": 3})).json()
    assert again["weather"]["state"] == "cached"


async def test_one_source_down_leaves_the_other(
    staff: httpx.AsyncClient, outdoors: Outdoors
) -> None:
    outdoors.weather.down = True
    said = (await staff.get("/api/external-data", params=PLACE | {"symbols": "MSFT"})).json()
    assert said["weather"]["state"] == "unavailable"
    assert "503" in said["weather"]["reason"]
    assert said["market"][0]["state"] == "fresh"


async def test_nothing_asked_and_nobody_in_particular_are_refused(
    staff: httpx.AsyncClient, client: httpx.AsyncClient, doors: Doors
) -> None:
    answer = await staff.get("/api/v1/external-data")
    assert (answer.status_code, answer.json()["code"]) == (400, "external_nothing_asked")
    assert (await staff.get("/api/v1/external-data?latitude=91&longitude=0")).status_code == 422
    customer = await doors.customer()
    for path in ("external-data", "insights", "insights/datasets"):
        for prefix in ("/api", "/api/v1"):
            assert (await client.get(f"{prefix}/{path}")).status_code == 401
            assert (await customer.get(f"{prefix}/{path}")).status_code == 403


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The serving process's application on a socket of its own: its stream is a real one."""
    from bodega.backbone.settings import load_settings

    settings = load_settings(data_dir=tmp_path_factory.mktemp("served"))
    _publish(Path(settings.lake_root))
    with served(build_serving(settings)) as url:
        yield url


def _publish(lake: Path) -> None:
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        con.execute("create schema gold")
        con.execute(
            "create table gold.mart_daily_sales as select date '2026-11-01' + n::int as date, "
            "'GBP' as currency, (100 * n)::bigint as net_amount from range(5) t(n)"
        )
        con.execute(
            "create table gold.fct_lines as select n as id, "
            "timestamptz '2026-11-01 10:00:00+00' + interval (n) second as occurred_at, "
            f"repeat(md5(n::varchar), 16) as text from range({ROWS}) t(n)"
        )
        con.execute("create table gold.dim_things as select 1 as id")
        tables = [GoldTable(n) for n in ("mart_daily_sales", "fct_lines", "dim_things")]
        publish(con, lake, tables, known_at=None, position=1)


@pytest.fixture
async def analyst(
    app: FastAPI, context: Context, doors: Doors, settings: Settings, serving: str
) -> AsyncIterator[httpx.AsyncClient]:
    told = Context(
        settings.model_copy(update={"serving_url": serving}),
        context.database,
        context.cache,
        context.clock,
        context.container,
    )
    token = settings.internal_token.get_secret_value()
    session = remote_session()
    async with httpx.AsyncClient() as client:
        datasets = remote(Datasets, serving, token=token, timeout=5, session=session)
        context.container.bind(Datasets, datasets)
        app.state.container.bind(Insights, InsightsService(told, client=client))
        yield await doors.admin()
    await session.close()


def lines(answer: httpx.Response) -> list[Any]:
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_insights_are_lines_of_json(analyst: httpx.AsyncClient) -> None:
    rows = lines(await analyst.get("/api/insights", params={"since": "2026-11-04"}))
    assert rows == [
        {"date": "2026-11-04", "currency": "GBP", "net_amount": 300},
        {"date": "2026-11-05", "currency": "GBP", "net_amount": 400},
    ]
    asked = {"dataset": "fct_lines", "columns": "id,occurred_at", "limit": 1}
    (row,) = lines(await analyst.get("/api/v1/insights", params=asked))
    assert row == {"id": 0, "occurred_at": "2026-11-01T10:00:00.000000Z"}


async def test_datasets_are_listed(analyst: httpx.AsyncClient) -> None:
    found = {one["name"]: one for one in (await analyst.get("/api/insights/datasets")).json()}
    assert found["fct_lines"]["by"] == "occurred_at"
    assert found["mart_daily_sales"]["rows"] == 5


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"dataset": "nothing"}, 404, "insight_dataset_unknown"),
        ({"columns": "secret"}, 400, "insight_column_unknown"),
        ({"dataset": "dim_things", "since": "2026-01-01"}, 400, "insight_column_unknown"),
        ({"dataset": "x;drop"}, 422, "malformed"),
        ({"limit": "0"}, 422, "malformed"),
        ({"limit": str(2**63)}, 422, "malformed"),
        ({"columns": "id,1e400"}, 422, "malformed"),
        ({"columns": f"id,{'x' * 64}"}, 422, "malformed"),
        ({"since": "2026-02-01", "until": "2026-01-01"}, 422, "malformed"),
    ],
    ids=["dataset", "column", "no_day", "name", "limit", "far", "number", "long", "backwards"],
)
async def test_what_cannot_be_streamed_is_said_first(
    analyst: httpx.AsyncClient, asked: dict[str, str], status: int, code: str
) -> None:
    answer = await analyst.get("/api/v1/insights", params=asked)
    assert answer.status_code == status
    if status != 422:
        assert answer.json()["code"] == code


async def test_a_lake_that_does_not_answer_is_503(
    app: FastAPI, context: Context, doors: Doors, settings: Settings
) -> None:
    told = settings.model_copy(update={"serving_url": "http://127.0.0.1:1"})
    gone = Context(told, context.database, context.cache, context.clock, context.container)
    app.state.container.bind(Insights, InsightsService(gone))
    answer = await (await doors.admin()).get("/api/v1/insights")
    assert (answer.status_code, answer.json()["code"]) == (503, "insights_unavailable")


async def test_a_slow_taker_is_waited_for(
    analyst: httpx.AsyncClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 32 MB only what sockets hold is read ahead of a taker who stands still."""
    read = taken = 0
    real = streams._next

    def counting(reader: Any) -> bytes | None:
        nonlocal read
        chunk = real(reader)
        read += len(chunk or b"")
        return chunk

    monkeypatch.setattr(streams, "_next", counting)
    ahead, done = [], asyncio.Event()

    async def send(message: Any) -> None:
        nonlocal taken
        taken += len(message.get("body", b""))
        if len(ahead) < 3 and taken > len(ahead) * 5 * 2**20:
            await _settled(lambda: read)
            ahead.append(read - taken)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            done.set()

    async def receive() -> Any:
        await done.wait()
        return {"type": "http.disconnect"}

    await app(_request(analyst), receive, send)
    assert taken == read > 500 * ROWS
    assert len(ahead) == 3
    assert max(ahead) < 16 * 2**20, ahead


async def _settled(measure: Any) -> None:
    """Until what is measured has stood still for a while."""
    last, now = None, measure()
    while last != now:
        await asyncio.to_thread(time.sleep, 0.3)
        last, now = now, measure()


def _request(analyst: httpx.AsyncClient) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "GET",
        "path": "/api/insights",
        "raw_path": b"/api/insights",
        "query_string": b"dataset=fct_lines",
        "headers": [(b"authorization", analyst.headers["authorization"].encode())],
        "http_version": "1.1",
        "scheme": "http",
        "server": ("shop.test", 80),
        "client": ("127.0.0.1", 1),
        "asgi": {"version": "3.0"},
    }

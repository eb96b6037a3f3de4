"""APIs by declaration: pages, cursors, secrets, patience; and the APIs that are known."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
import stamina

from bodega.data.ingest.sources.config import RestConfig
from bodega.data.ingest.sources.contract import Stream
from bodega.data.ingest.sources.errors import (
    SourceRefused,
    SourcesMalformed,
    SourceUnreachable,
)
from bodega.data.ingest.sources.known.ecb import FxConfig
from bodega.data.ingest.sources.known.fmp import FmpConfig
from bodega.data.ingest.sources.known.weather import WeatherConfig
from bodega.data.ingest.sources.load import FlushPolicy
from bodega.data.ingest.sources.rest.source import RestSource
from bodega.testing.doubles import EcbDouble, FmpDouble, OpenMeteoDouble
from tests.data.ingest.sources.conftest import Bench

Handler = Callable[[httpx.Request], httpx.Response]


@pytest.fixture(autouse=True)
def impatient() -> Any:
    """Tries as often as told, and waits for nothing."""
    with stamina.set_testing(True, attempts=3):
        yield


def api(
    bench: Bench, handler: Handler, *, cache: Path | None = None, source: Any = None, **stream: Any
) -> tuple[RestSource, Stream]:
    said = {"path": "/items", "key": ["id"], **stream}
    config = RestConfig.model_validate(
        {
            "base_url": "https://api.test/v1",
            "manners": {"requests": 10_000},
            **(source or {}),
            "streams": {"rows": said},
        }
    )
    made = RestSource(
        config, clock=bench.clock, cache=cache, transport=httpx.MockTransport(handler)
    )
    return made, config.declared()[0]


def known(bench: Bench, config: RestConfig, double: Any, name: str) -> tuple[RestSource, Stream]:
    source = RestSource(config, clock=bench.clock, transport=double.transport)
    stream = next(stream for stream in config.declared() if stream.name == name)
    return source, stream.model_copy(update={"name": name})


ITEMS = [{"id": n, "at": f"2026-11-{n + 1:02d}"} for n in range(7)]


def by_page(request: httpx.Request) -> httpx.Response:
    page, size = int(request.url.params["page"]), int(request.url.params["per_page"])
    return httpx.Response(200, json={"data": ITEMS[(page - 1) * size : page * size]})


def by_offset(request: httpx.Request) -> httpx.Response:
    at, size = int(request.url.params["offset"]), int(request.url.params["limit"])
    return httpx.Response(200, json={"data": ITEMS[at : at + size]})


def by_cursor(request: httpx.Request) -> httpx.Response:
    at = int(request.url.params.get("cursor", 0))
    follows = str(at + 3) if at + 3 < len(ITEMS) else None
    return httpx.Response(200, json={"data": ITEMS[at : at + 3], "meta": {"next": follows}})


def by_link(request: httpx.Request) -> httpx.Response:
    at = int(request.url.params.get("at", 0))
    more = {"link": f'</v1/items?at={at + 3}>; rel="next"'} if at + 3 < len(ITEMS) else {}
    return httpx.Response(200, json={"data": ITEMS[at : at + 3]}, headers=more)


def by_url(request: httpx.Request) -> httpx.Response:
    at = int(request.url.params.get("at", 0))
    more = f"https://api.test/v1/items?at={at + 3}" if at + 3 < len(ITEMS) else None
    return httpx.Response(200, json={"data": ITEMS[at : at + 3], "next": more})


PAGINGS = [
    (by_page, {"kind": "page", "size": 3}),
    (by_offset, {"kind": "offset", "size": 3}),
    (by_cursor, {"kind": "cursor", "path": ["meta", "next"]}),
    (by_link, {"kind": "link"}),
    (by_url, {"kind": "url", "path": ["next"]}),
]


@pytest.mark.parametrize(("handler", "how"), PAGINGS, ids=[how["kind"] for _, how in PAGINGS])
def test_every_way_to_page_reads_everything_once(
    bench: Bench, handler: Handler, how: dict[str, Any]
) -> None:
    source, stream = api(bench, handler, records=["data"], pagination=how)
    report = bench.read(source, stream)
    assert (report.rows, report.kept) == (7, 7)
    assert [row["id"] for row in bench.rows(stream)] == list(range(7))


def test_pages_that_repeat_are_left(bench: Bench) -> None:
    def same(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"data": ITEMS[:1], "next": "again"})

    source, stream = api(
        bench, same, records=["data"], pagination={"kind": "cursor", "path": ["next"]}
    )
    with pytest.raises(SourceRefused, match="repeat"):
        bench.read(source, stream)


def test_a_next_page_at_another_host_is_not_followed(bench: Bench) -> None:
    def lures(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"data": ITEMS[:1], "next": "https://evil.test/steal"})

    source, stream = api(
        bench, lures, records=["data"], pagination={"kind": "url", "path": ["next"]}
    )
    with pytest.raises(SourceRefused, match=r"evil\.test"):
        bench.read(source, stream)


def test_reading_goes_on_at_the_page_where_it_stopped(bench: Bench) -> None:
    down, asked = [True], []

    def shaky(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params["page"])
        return httpx.Response(503) if down[0] and asked[-1] == "3" else by_page(request)

    source, stream = api(bench, shaky, records=["data"], pagination={"kind": "page", "size": 2})
    with pytest.raises(SourceUnreachable, match="503"):
        bench.read(source, stream, policy=FlushPolicy(rows=1))
    assert asked == ["1", "2", "3", "3", "3"]
    down[0] = False
    asked.clear()
    bench.read(source, stream)
    assert asked == ["3", "4"]
    assert [row["id"] for row in bench.rows(stream)] == list(range(7))


def test_a_cursor_reads_what_is_new_and_a_lag_what_came_late(bench: Bench) -> None:
    since: list[str] = []
    items = [{"id": 1, "at": "2026-11-10"}, {"id": 2, "at": "2026-11-12"}]

    def handler(request: httpx.Request) -> httpx.Response:
        since.append(request.url.params["since"])
        return httpx.Response(200, json=[row for row in items if row["at"] >= since[-1]])

    cursor = {"field": "at", "param": "since", "start": "2026-01-01", "lag": "3 days"}
    source, stream = api(bench, handler, cursor=cursor, key=[])
    keyed = stream.model_copy(update={"key": ("id",)})
    assert bench.read(source, keyed).kept == 2
    items += [{"id": 3, "at": "2026-11-11"}, {"id": 4, "at": "2026-11-13"}]
    report = bench.read(source, keyed)
    assert since == ["2026-01-01", "2026-11-09"]
    assert (report.rows, report.kept, report.unchanged) == (4, 2, 2)


@pytest.mark.parametrize("odd", ["soon", "2999-01-01", 7])
def test_a_record_that_says_when_it_cannot_be_hides_no_other(bench: Bench, odd: Any) -> None:
    since: list[str] = []
    items: list[dict[str, Any]] = [{"id": 1, "at": "2026-11-10"}, {"id": 2, "at": odd}]

    def handler(request: httpx.Request) -> httpx.Response:
        since.append(request.url.params["since"])
        return httpx.Response(200, json=items)

    cursor = {"field": "at", "param": "since", "start": "2026-01-01"}
    source, stream = api(bench, handler, cursor=cursor)
    report = bench.read(source, stream)
    assert "1 values of at say nowhere to go on from" in report.notes[0]
    items[:] = [{"id": 3, "at": "2026-11-12"}]
    bench.read(source, stream)
    bench.read(source, stream)
    assert since == ["2026-01-01", "2026-11-10", "2026-11-12"]


def test_a_state_that_followed_what_cannot_be_begins_anew(bench: Bench) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        since.append(request.url.params["since"])
        return httpx.Response(200, json=[])

    since: list[str] = []
    cursor = {"field": "at", "param": "since", "start": "2026-01-01"}
    source, _ = api(bench, handler, cursor=cursor)
    for known in ("not a date", "2999-01-01T00:00:00Z", "2026-11-11"):
        list(source.read("rows", {"cursors": {"": known}}))
    assert since == ["2026-01-01", "2026-01-01", "2026-11-11"]


def test_numbers_are_cursors_too(bench: Bench) -> None:
    since: list[int] = []

    def handler(request: httpx.Request) -> httpx.Response:
        since.append(int(request.url.params["after"]))
        return httpx.Response(200, json=[{"id": n} for n in (9, 10)])

    cursor = {"field": "id", "param": "after", "start": 0, "number_lag": 2}
    source, stream = api(bench, handler, cursor=cursor)
    bench.read(source, stream)
    bench.read(source, stream)
    assert since == [0, 8]


def test_fractions_are_cursors_too(bench: Bench) -> None:
    since: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        since.append(request.url.params["after"])
        return httpx.Response(200, text='[{"id": 1, "ts": 99.75}, {"id": 2, "ts": 100.25}]')

    source, stream = api(bench, handler, cursor={"field": "ts", "param": "after", "start": 0})
    bench.read(source, stream)
    bench.read(source, stream)
    assert since == ["0", "100.25"]


def test_busy_and_broken_answers_are_asked_again(bench: Bench) -> None:
    answers = [httpx.Response(429, headers={"retry-after": "0"}), httpx.Response(500)]

    def handler(_: httpx.Request) -> httpx.Response:
        return answers.pop(0) if answers else httpx.Response(200, json=ITEMS)

    source, stream = api(bench, handler)
    assert bench.read(source, stream).kept == 7


def test_a_refusal_is_not_asked_again_and_tells_no_secret(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_TOKEN", "s3cret")
    asked = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(403, text="no access")

    auth = {"kind": "query", "name": "token", "value": {"env": "API_TOKEN"}}
    source, stream = api(bench, handler, source={"auth": auth})
    with pytest.raises(SourceRefused, match="403: no access") as caught:
        bench.read(source, stream)
    assert len(asked) == 1
    assert asked[0].url.params["token"] == "s3cret"
    assert "s3cret" not in caught.value.detail


AUTHS = [
    ({"kind": "bearer", "token": {"env": "API_TOKEN"}}, "authorization", "Bearer s3cret"),
    ({"kind": "header", "name": "X-Key", "value": {"env": "API_TOKEN"}}, "x-key", "s3cret"),
    (
        {"kind": "basic", "user": "me", "password": {"env": "API_TOKEN"}},
        "authorization",
        "Basic bWU6czNjcmV0",
    ),
]


@pytest.mark.parametrize(("auth", "name", "value"), AUTHS, ids=["bearer", "header", "basic"])
def test_ways_to_prove_who_asks(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, auth: Any, name: str, value: str
) -> None:
    monkeypatch.setenv("API_TOKEN", "s3cret")
    seen = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get(name))
        return httpx.Response(200, json=ITEMS)

    source, stream = api(bench, handler, source={"auth": auth})
    bench.read(source, stream)
    assert seen == [value]
    monkeypatch.delenv("API_TOKEN")
    with pytest.raises(SourcesMalformed, match="API_TOKEN"):
        bench.read(source, stream, full=True)


def test_oauth_tokens_are_asked_for_once_and_anew_when_refused(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_SECRET", "s3cret")
    tokens: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            tokens.append(f"t{len(tokens)}")
            return httpx.Response(200, json={"access_token": tokens[-1], "expires_in": 3600})
        good = request.headers["authorization"] == "Bearer t1"
        return by_page(request) if good else httpx.Response(401)

    auth = {
        "kind": "oauth2",
        "token_url": "https://api.test/token",
        "client_id": "me",
        "client_secret": {"env": "API_SECRET"},
    }
    source, stream = api(
        bench,
        handler,
        source={"auth": auth},
        records=["data"],
        pagination={"kind": "page", "size": 3},
    )
    assert bench.read(source, stream).kept == 7
    assert tokens == ["t0", "t1"]


def test_answers_are_cached_by_http_rules_and_hold_no_secret(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_TOKEN", "s3cret")
    asked = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        headers = {"cache-control": "max-age=600", "date": "Sat, 21 Nov 2026 10:00:00 GMT"}
        headers["date"] = httpx.Response(200).headers.get("date", headers["date"])
        return httpx.Response(200, json=ITEMS, headers={"cache-control": "max-age=600"})

    cache = bench.folder / "cache.sqlite3"
    auth = {"kind": "query", "name": "token", "value": {"env": "API_TOKEN"}}
    source, stream = api(bench, handler, cache=cache, source={"auth": auth})
    bench.read(source, stream)
    bench.read(source, stream, full=True)
    assert len(asked) == 1
    assert b"s3cret" not in cache.read_bytes()


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (httpx.Response(200, text="<html>"), "no JSON"),
        (httpx.Response(200, json={"items": []}), "no 'data'"),
        (httpx.Response(200, json={"data": 5}), "no list of records"),
        (httpx.Response(302, headers={"location": "https://elsewhere.test"}), "302"),
    ],
    ids=["html", "way", "number", "redirect"],
)
def test_answers_that_were_not_declared_are_refused(
    bench: Bench, answer: httpx.Response, complaint: str
) -> None:
    source, stream = api(bench, lambda _: answer, records=["data"])
    with pytest.raises(SourceRefused, match=complaint):
        bench.read(source, stream)
    (finding,) = source.check()
    assert not finding.ok


def test_check_and_discover_ask_once(bench: Bench) -> None:
    source, _ = api(bench, lambda _: httpx.Response(200, json=ITEMS))
    (finding,) = source.check()
    assert (finding.ok, finding.says) == (True, "answers; 7 records on its first page")
    (found,) = source.discover()
    assert [(c.name, c.type) for c in found.columns] == [("id", "integer"), ("at", "date")]


def fmp(shape: str, monkeypatch: pytest.MonkeyPatch) -> RestConfig:
    monkeypatch.setenv("BODEGA_FMP_KEY", "test-key")
    said = {"kind": "fmp", "symbols": ["AAPL", "MSFT"], "pairs": ["EURUSD"], "since": "2026-11-02"}
    streams = ["profile", "income_statement", "ratios", "prices", "fx"]
    config = FmpConfig.model_validate({**said, "streams": streams, "shape": shape})
    return config.rest(url="https://fmp.test", key=None)


@pytest.mark.parametrize("shape", ["stable", "v3"])
def test_both_shapes_of_fmp_become_the_same_rows(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, shape: str
) -> None:
    double = FmpDouble()
    config = fmp(shape, monkeypatch)
    source, profile = known(bench, config, double, "profile")
    bench.read(source, profile)
    rows = bench.rows(profile)
    assert [row["symbol"] for row in rows] == ["AAPL", "MSFT"]
    assert {"market_cap", "last_dividend", "average_volume", "change", "exchange"} <= set(rows[0])
    source, statements = known(bench, config, double, "income_statement")
    assert bench.read(source, statements).kept == 10
    newest = bench.rows(statements)[0]
    assert (newest["fiscal_year"], newest["eps_diluted"]) == ("2025", 7.46)
    source, prices = known(bench, config, double, "prices")
    assert bench.read(source, prices).set_aside == 0
    assert isinstance(bench.rows(prices)[0]["close"], Decimal)
    source, rates = known(bench, config, double, "fx")
    bench.read(source, rates)
    assert {row["symbol"] for row in bench.rows(rates)} == {"EURUSD"}


def test_statements_are_known_since_they_were_filed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, stream = known(bench, fmp("stable", monkeypatch), FmpDouble(), "income_statement")
    bench.read(source, stream)
    from datetime import UTC, datetime

    before = bench.rows(stream, as_of=datetime(2023, 10, 31, 6, 0, tzinfo=UTC))
    assert max(row["fiscal_year"] for row in before) == "2022"


def test_a_price_corrected_later_replaces_and_keeps_the_first_word(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    double = FmpDouble()
    source, stream = known(bench, fmp("stable", monkeypatch), double, "prices")
    bench.read(source, stream)
    then = bench.clock.now()
    bench.clock.at += timedelta(days=1)
    double.corrections[("AAPL", "2026-11-13")] = {"close": 1.25}
    report = bench.read(source, stream)
    assert report.kept - report.rejected.total() >= 1
    now = {(r["symbol"], r["date"]): r["close"] for r in bench.rows(stream)}
    past = {(r["symbol"], r["date"]): r["close"] for r in bench.rows(stream, as_of=then)}
    day = ("AAPL", date(2026, 11, 13))
    assert now[day] == Decimal("1.25")
    assert past[day] != now[day]


def test_fmp_without_its_key_says_which(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    config = fmp("stable", monkeypatch)
    monkeypatch.delenv("BODEGA_FMP_KEY")
    source, stream = known(bench, config, FmpDouble(), "profile")
    with pytest.raises(SourcesMalformed, match="BODEGA_FMP_KEY"):
        bench.read(source, stream)
    monkeypatch.setenv("BODEGA_FMP_KEY", "wrong")
    with pytest.raises(SourceRefused, match="Invalid API KEY"):
        bench.read(source, stream)


def test_the_real_fmp_payloads_fit(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, shared_data: Path
) -> None:
    folder = shared_data / "contracts" / "fmp"

    def handler(request: httpx.Request) -> httpx.Response:
        name = request.url.path.rsplit("/", 1)[-1]
        return httpx.Response(200, content=(folder / f"{name}.json").read_bytes())

    monkeypatch.setenv("BODEGA_FMP_KEY", "k")
    streams = ["profile", "income_statement", "cash_flow_statement", "ratios", "financial_growth"]
    config = FmpConfig.model_validate({"kind": "fmp", "symbols": ["AAPL"], "streams": streams})
    declared = config.rest(url="https://fmp.test", key=None)
    source = RestSource(declared, clock=bench.clock, transport=httpx.MockTransport(handler))
    for stream in declared.declared():
        report = bench.read(source, stream)
        assert (report.kept, report.set_aside) == (1, 0), stream.name


LONDON = {"name": "London", "latitude": 51.51, "longitude": -0.13}


def weather(bench: Bench, double: OpenMeteoDouble, name: str) -> tuple[RestSource, Stream]:
    said = {"kind": "weather", "places": [LONDON], "since": "2026-11-01"}
    config = WeatherConfig.model_validate(said).rest(
        history_url="https://meteo.test/v1/archive", forecast_url="https://meteo.test/v1/forecast"
    )
    return known(bench, config, double, name)


def test_weather_that_was(bench: Bench) -> None:
    double = OpenMeteoDouble(today=bench.clock.now().date())
    source, stream = weather(bench, double, "history")
    bench.read(source, stream)
    rows = bench.rows(stream)
    assert [row["date"].day for row in rows] == list(range(1, 16))
    assert set(rows[0]) == {
        "place", "date", "temperature_max", "temperature_min", "precipitation", "wind_max",
        "weather_code",
    }  # fmt: skip
    bench.clock.at += timedelta(days=2)
    double.today += timedelta(days=2)
    report = bench.read(source, stream)
    assert (report.kept, report.unchanged) == (2, 8)


def test_weather_to_come_gives_way_to_the_next_forecast(bench: Bench) -> None:
    double = OpenMeteoDouble()
    source, stream = weather(bench, double, "forecast")
    bench.read(source, stream)
    double.today += timedelta(days=1)
    report = bench.read(source, stream)
    assert (report.kept, report.unchanged, report.deleted) == (1, 6, 1)
    assert len(bench.rows(stream)) == 7


def test_an_hour_without_weather_costs_nothing_but_the_hour(bench: Bench) -> None:
    double = OpenMeteoDouble(today=bench.clock.now().date(), down=True)
    source, stream = weather(bench, double, "history")
    with pytest.raises(SourceUnreachable):
        bench.read(source, stream)
    double.down, double.busy = False, 2
    assert bench.read(source, stream).kept == 15


def test_exchange_rates_of_the_ecb(bench: Bench) -> None:
    double = EcbDouble()
    config = FxConfig.model_validate({"kind": "fx", "currencies": ["GBP", "USD"]})
    declared = config.rest(url="https://ecb.test/service/data")
    source, stream = known(bench, declared, double, "rates")
    report = bench.read(source, stream)
    assert report.set_aside == 0
    rows = bench.rows(stream)
    assert set(rows[0]) == {"base", "currency", "date", "rate"}
    assert {row["currency"] for row in rows} == {"GBP", "USD"}
    assert double.asked[0].path == "/service/data/EXR/D.GBP+USD.EUR.SP00.A"

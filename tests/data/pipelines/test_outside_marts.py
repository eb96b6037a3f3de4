"""Market and weather data come with their sources, and without a manual step."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from bodega.apps.sources import read_all
from bodega.backbone.settings import Settings, load_settings
from bodega.data.lake.published import read_published
from bodega.data.lake.query import query
from bodega.kernel.money import CURRENCIES, exponent
from bodega.testing.doubles import EcbDouble, FmpDouble, OpenMeteoDouble, serve_double
from tests.data.bronze import Source, order, order_line
from tests.data.conftest import Refresh

TODAY = datetime.now(UTC).date() - timedelta(days=1)
SINCE = TODAY - timedelta(days=40)
SOLD = TODAY - timedelta(days=10)
SOURCES = f"""
sources:
  market:
    kind: fmp
    symbols: [AAPL]
    pairs: [EURUSD]
    since: "{SINCE}"
    streams: [profile, income_statement, balance_sheet_statement, cash_flow_statement, prices, fx]
  ecb: {{kind: fx, currencies: [USD], feed_shop: false, since: "{SINCE}"}}
  sky:
    kind: weather
    since: "{SINCE}"
    streams: [history]
    places: [{{name: Home, latitude: 51.5, longitude: 0}},
             {{name: Paris, latitude: 48.9, longitude: 2.4, country: FR}}]
  station:
    kind: files
    streams: {{days: {{path: station.csv, key: [where, day], fields: {{rain: number}}}}}}
  suppliers:
    kind: files
    streams: {{list: {{path: suppliers.csv, key: [code]}}}}
mappings:
  weather_days:
    from:
      - {{stream: station.days, fields: {{place: where, date: day, precipitation: rain}}}}
  partners:
    key: [code]
    columns: {{code: string, name: string}}
    from: [{{stream: suppliers.list, fields: {{code: code, name: name}}}}]
"""


def gold(lake: Path, sql: str) -> list[tuple[Any, ...]]:
    return query(lake, sql).rows


@pytest.fixture
def fmp() -> FmpDouble:
    return FmpDouble(today=TODAY)


@pytest.fixture
def settings(tmp_path: Path, fmp: FmpDouble) -> Iterator[Settings]:
    (tmp_path / "sources.yml").write_text(SOURCES)
    (tmp_path / "station.csv").write_text(f"where,day,rain\nHome,{SOLD},99.5\n")
    (tmp_path / "suppliers.csv").write_text("code,name\nA,Alpha\n")
    doubles = (fmp, EcbDouble(today=TODAY), OpenMeteoDouble(today=TODAY))
    with (
        serve_double(doubles[0].handle) as market,
        serve_double(doubles[1].handle) as bank,
        serve_double(doubles[2].handle) as sky,
    ):
        yield load_settings(
            data_dir=tmp_path,
            lake_url=None,
            sources_file=tmp_path / "sources.yml",
            fmp_key="test-key",
            fmp_url=market,
            fx_url=bank,
            weather_history_url=f"{sky}/v1/archive",
            weather_url=f"{sky}/v1/forecast",
        )


def read(settings: Settings, which: str | None = None) -> None:
    assert [report.error for report in read_all(settings, which, full=False) if report.error] == []


def sell(source: Source) -> None:
    at = f"{SOLD}T10:00:00Z"
    for number, (country, total) in enumerate([("GB", 300), ("FR", 500)]):
        source.commit(
            order(f"o{number}", number=number, total=total, at=at, country=country),
            order_line(f"l{number}", f"o{number}", total=total, at=at),
        )
    source.flush()


def test_a_shop_that_adds_sources_gets_their_marts_by_itself(
    lake: Path, source: Source, refreshed: Refresh, settings: Settings, fmp: FmpDouble
) -> None:
    sell(source)
    assert refreshed().state == "published"
    assert gold(lake, "select count(*) from gold.fct_daily_prices") == [(0,)]
    assert gold(lake, "select * from gold.mart_weather_sales") == []

    read(settings)
    outcome = refreshed()
    assert outcome.state == "published", outcome.failures
    assert {name for name in outcome.moved if name.startswith("mapped.")} == {
        "mapped.market_companies", "mapped.market_prices", "mapped.market_fx",
        "mapped.market_reference_rates", "mapped.market_statements", "mapped.weather_days",
        "mapped.partners",
    }  # fmt: skip
    assert "fct_orders" not in outcome.written
    _the_market_is_told(lake, fmp)
    _the_weather_stands_beside_the_sales(lake)
    assert gold(lake, "select code, name from mapped.partners") == [("A", "Alpha")]
    conflict = gold(lake, "select _conflicts from mapped.weather_days where _conflicts is not null")
    assert "99.5" in conflict[0][0]

    day = gold(lake, "select max(price_date)::varchar from gold.fct_daily_prices")[0][0]
    fmp.corrections[("AAPL", day)] = {"close": 0.0}
    read(settings, "market.prices")
    assert refreshed().moved == ["mapped.market_prices"]
    assert gold(lake, "select max(price_date)::varchar from gold.fct_daily_prices")[0][0] < day
    assert read_published(lake).mapped["partners"].rows == 1


def _the_market_is_told(lake: Path, fmp: FmpDouble) -> None:
    closes = {row["date"]: row["close"] for row in fmp.handle(_asked()).json()}
    days = sorted(closes)
    told = gold(
        lake,
        "select price_date::varchar, adjusted_price, return_1d, drawdown "
        "from gold.mart_market_daily order by 1",
    )
    assert [row[0] for row in told] == days
    peak = 0.0
    for number, (day, price, change, drawdown) in enumerate(told):
        close = closes[day]
        peak = max(peak, close)
        assert float(price) == close
        assert math.isclose(float(drawdown), close / peak - 1, abs_tol=1e-8)
        if number:
            assert math.isclose(float(change), close / closes[days[number - 1]] - 1, abs_tol=1e-8)
    first = gold(lake, "select trading_days, max_drawdown <= 0 from gold.mart_market_performance")
    assert first == [(len(days), True)]
    assert gold(lake, "select name, currency, is_inferred from gold.dim_companies") == [
        ("AAPL Inc.", "USD", False)
    ]
    year = TODAY.year - 1
    statement = f"""select revenue_amount, equity_amount, free_cash_flow_amount, currency
        from gold.fct_statements where period_end = '{year}-09-27'"""
    revenue = (1_000_000_000 + year * 1_000_000) * 100
    assert gold(lake, statement) == [(revenue, 80_000_000_000, 20_000_000_000, "USD")]
    assert gold(
        lake,
        "select debt_to_equity, price_to_earnings > 0 from gold.mart_market_ratios "
        f"where period_end = '{year}-09-27'",
    ) == [(Decimal("0.75000000"), True)]
    assert gold(
        lake, "select distinct base_currency, quote_currency, told_by from gold.fct_fx_rates"
    ) == [("EUR", "USD", "reference")]


def _asked() -> httpx.Request:
    asked = {"symbol": "AAPL", "from": str(SINCE), "to": str(TODAY), "apikey": "test-key"}
    return httpx.Request("GET", "http://fmp/stable/historical-price-eod/full", params=asked)


def _the_weather_stands_beside_the_sales(lake: Path) -> None:
    sales = f"""select place, orders, net_amount, precipitation from gold.mart_weather_sales
        where date = '{SOLD}' and currency = 'GBP' order by 1"""
    home, paris = gold(lake, sales)
    assert home == ("Home", 2, 800, Decimal("99.50"))
    assert paris[:3] == ("Paris", 1, 500)


def test_minor_units_are_those_of_the_kernel(manifest: Any) -> None:
    macro = manifest.macros["macro.bodega.minor_factor"].macro_sql
    case = macro.split("-%}", 1)[1].split("{%-", 1)[0].replace("{{ currency }}", "currency")
    with duckdb.connect() as con:
        for currency in CURRENCIES:
            found = con.execute(f"select {case} from (select ? as currency)", [currency]).fetchone()
            assert found == (10 ** exponent(currency),), currency

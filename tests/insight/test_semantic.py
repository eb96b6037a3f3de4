"""Each metric is defined once, and says the same whichever table answers."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("duckdb")

import duckdb

from bodega.apps import cli
from bodega.apps.metric_alerts import MetricWatch
from bodega.backbone.settings import Settings
from bodega.data.lake.publish import GoldTable, publish
from bodega.data.operations.alerts import alerts
from bodega.data.quality.freshness import record_pulse
from bodega.data.quality.policy import MetricBound
from bodega.insight.gold import GoldReader
from bodega.insight.metrics import GoldMetrics
from bodega.insight.semantic.bounds import bounded
from bodega.insight.semantic.errors import DimensionUnknown, MetricUnknown
from bodega.insight.semantic.model import Metric, Place, metric, metrics
from bodega.insight.semantic.question import Question
from tests.insight.conftest import NOW, TABLES


@pytest.fixture
def numbers(lake: Path) -> GoldMetrics:
    return GoldMetrics(GoldReader(lake))


async def said(
    numbers: GoldMetrics, name: str, *by: str, **asked: date
) -> list[tuple[object, ...]]:
    answer = await numbers.ask(name=name, by=list(by), **asked)  # type: ignore[arg-type]
    return [(*row.dimensions.values(), row.currency, row.value) for row in answer.rows]


async def test_a_metric_is_asked_by_name_and_dimensions(numbers: GoldMetrics) -> None:
    assert await said(numbers, "net_sales") == [("GBP", 700)]
    assert await said(numbers, "net_sales", "country") == [("FR", "GBP", 100), ("GB", "GBP", 600)]
    assert await said(numbers, "net_sales", "day", since=date(2026, 3, 1)) == [
        ("2026-03-01", "GBP", 900),
        ("2026-03-02", "GBP", -300),
    ]
    assert await said(numbers, "average_order_value") == [("GBP", 500)]
    assert await said(numbers, "return_rate") == [("GBP", 3000)]
    assert await said(numbers, "repeat_rate", "guest") == [
        ("False", "GBP", 10000),
        ("True", "GBP", 0),
    ]
    assert await said(numbers, "payment_failure_rate") == [("GBP", 5000)]


@pytest.mark.parametrize("name", sorted(metrics()))
async def test_every_metric_answers_by_each_of_its_dimensions(
    numbers: GoldMetrics, name: str
) -> None:
    for by in metric(name).home.dimensions:
        assert await said(numbers, name, by)


def test_the_smallest_table_that_knows_answers() -> None:
    sales = metric("net_sales")
    assert '"mart_daily_sales"' in Question((sales,), ("day",)).sql()[0]
    assert '"fct_order_lines"' in Question((sales,), ("day", "country")).sql()[0]
    assert '"mart_daily_sales"' in Question((sales,), ("month",)).sql()[0]


async def test_what_cannot_be_asked_is_refused(numbers: GoldMetrics) -> None:
    with pytest.raises(MetricUnknown, match="bodega metrics list"):
        await said(numbers, "nett_sales")
    with pytest.raises(DimensionUnknown, match="country, day"):
        await said(numbers, "net_sales", "1; drop table x")
    with pytest.raises(DimensionUnknown, match="time"):
        await said(numbers, "buyers", since=date(2026, 1, 1))
    with pytest.raises(ValueError, match="one table"):
        Question((metric("buyers"), metric("orders"))).sql()


def test_a_rollup_that_knows_more_than_its_home_is_refused() -> None:
    told = metric("orders").model_dump() | {
        "rollups": [Place(table="t", formula="1", dimensions={"colour": "c"})]
    }
    with pytest.raises(ValueError, match="colour"):
        Metric.model_validate(told)


def bodega(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli.app, ["metrics", *arguments], env={"COLUMNS": "200"})
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def test_the_command_line_lists_shows_asks_and_checks(
    lake: Path, monkeypatch: pytest.MonkeyPatch, warehouse: duckdb.DuckDBPyConnection
) -> None:
    monkeypatch.setenv("BODEGA_DATA_DIR", str(lake.parent))
    monkeypatch.chdir(lake.parent)
    assert {m["name"] for m in json.loads(bodega("list", "--json")[1])} == set(metrics())
    assert "net_sales" in bodega("list")[1]
    assert "sum(total_amount)" in bodega("show", "net_sales")[1]
    asked = bodega("query", "orders", "--by", "month", "--json")[1]
    assert [row["value"] for row in json.loads(asked)] == [1, 1]
    assert (
        "There are more: --limit 2" in bodega("query", "orders", "--by", "month", "--limit", "1")[1]
    )
    backwards = ("query", "orders", "--since", "2026-02-01", "--until", "2026-01-01")
    assert bodega(*backwards)[0] == 2
    assert "900" in bodega("query", "gross_sales", "--by", "day", "--since", "2026-03-01")[1]
    code, told = bodega("check")
    assert (code, "net_sales" in told) == (0, True)

    warehouse.execute("update gold.mart_daily_sales set net_amount = 901 where net_amount = 900")
    publish(warehouse, lake, [GoldTable(name) for name in TABLES], known_at=NOW, position=2)
    code, told = bodega("check", "--json")
    wrong = [one for one in json.loads(told) if one["wrong"]]
    assert code == 1
    assert [(one["metric"], one["against"]) for one in wrong] == [("net_sales", "mart_daily_sales")]
    assert wrong[0]["wrong"] == {"GBP 2026-03-01 2026-03": [900, 901]}


BOUNDS = """
metrics:
  net_sales: [{below: 500, currency: GBP, severity: error}, {days: 3, above: 500}]
  units_sold: [{below: 1, currency: JPY}]
"""


def test_a_metric_beyond_its_bounds_is_an_alert_until_it_is_not(lake: Path) -> None:
    rules = lake / "quality.yml"
    rules.write_text(BOUNDS)
    ours = Settings(_env_file=None, data_dir=lake, lake_url=str(lake), quality_file=rules)
    watch = MetricWatch(ours)
    assert watch.look(NOW + timedelta(days=1)) == [], "that day is not wholly in gold"
    found = {one.key: (one.value, one.crossed) for one in watch.look(NOW)}
    assert found == {
        "net_sales:1d:GBP:error": (900, False),
        "net_sales:3d:GBP": (1000, True),
        "units_sold:1d:JPY": (0, True),
    }
    told = {alert.key: alert for alert in alerts(lake, open_only=True)}
    assert told.keys() == {"metric:net_sales:3d:GBP", "metric:units_sold:1d:JPY"}
    assert told["metric:net_sales:3d:GBP"].title == (
        "Net sales was 1000 GBP (minor units) from 2026-02-27 to 2026-03-01; "
        "told when more than 500"
    )
    assert watch.look(NOW) == [], "nothing was published since"
    rules.write_text(BOUNDS.replace("above: 500", "above: 5000"))
    watch.look(NOW)
    assert [alert.key for alert in alerts(lake, open_only=True)] == ["metric:units_sold:1d:JPY"]
    kept = {alert.key for alert in alerts(lake, open_only=True)}
    rules.write_text("metrics: {orders: [{days: 3}]}")
    watch.look(NOW)
    assert {a.key for a in alerts(lake, open_only=True)} == {*kept, "file:quality"}
    rules.write_text(
        "metrics: {stock_units: [{below: 1}], sunny: [{above: 1}], orders: [{below: 2}]}"
    )
    watch.look(NOW)
    assert {(alert.key, alert.severity) for alert in alerts(lake, open_only=True)} == {
        ("metric:stock_units", "error"),
        ("metric:sunny", "error"),
        ("metric:orders:1d:GBP", "warning"),
    }, "one that cannot be asked keeps no other from being judged"
    rules.write_text("{}")
    watch.look(NOW)
    assert alerts(lake, open_only=True) == []


def test_a_currency_that_stopped_selling_sold_nothing(
    lake: Path, warehouse: duckdb.DuckDBPyConnection
) -> None:
    warehouse.execute(
        "insert into gold.mart_daily_sales select day::date, 'EUR', 1, 1, 0, 500, 0, 500 "
        "from (values ('2026-02-20')) t(day) union all "
        "select date '2025-03-01', 'CHF', 1, 1, 0, 500, 0, 500"
    )
    rules = {"orders": [MetricBound(below=1)], "average_order_value": [MetricBound(below=1)]}
    found = {(one.metric.name, one.currency): one.value for one in
             bounded(warehouse, rules, today=NOW.date())}  # fmt: skip
    assert found == {
        ("orders", "EUR"): 0,
        ("orders", "GBP"): 1,
        ("average_order_value", "GBP"): 900,
    }


def test_a_graver_rule_of_the_same_days_is_an_alert_of_its_own(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    grave, mild = MetricBound(below=10, severity="error"), MetricBound(below=20)
    found = bounded(warehouse, {"orders": [grave, mild]}, today=NOW.date())
    assert {one.key: one.bound.severity for one in found} == {
        "orders:1d:GBP:error": "error",
        "orders:1d:GBP": "warning",
    }


def test_a_day_without_any_sale_is_judged_once_the_pipelines_vouch_for_it(lake: Path) -> None:
    (rules := lake / "quality.yml").write_text("metrics: {orders: [{below: 1}]}")
    ours = Settings(_env_file=None, data_dir=lake, lake_url=str(lake), quality_file=rules)
    watch, tomorrow = MetricWatch(ours), NOW + timedelta(days=1)
    (lake / "status.json").write_text(json.dumps({"checked_at": tomorrow.isoformat()}))
    assert watch.look(tomorrow) == [], "nobody knows whether the feed was there"
    record_pulse(lake, fresh_as_of=tomorrow, state="streaming", error="")
    assert [one.value for one in watch.look(tomorrow)] == [0]
    assert [alert.key for alert in alerts(lake, open_only=True)] == ["metric:orders:1d:GBP"]


def test_the_command_line_shows_bounds(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = lake / "quality.yml"
    for name, value in (("LAKE_URL", lake), ("DATA_DIR", lake), ("QUALITY_FILE", rules)):
        monkeypatch.setenv(f"BODEGA_{name}", str(value))

    def bounds(said: str) -> tuple[int, str]:
        rules.write_text(said)
        done = CliRunner().invoke(cli.app, ["metrics", "bounds", "--json"])
        return done.exit_code, done.output

    code, text = bounds("metrics: {orders: [{below: 1}]}")
    assert code == 1
    assert (json.loads(text)[0]["value"], json.loads(text)[0]["state"]) == (0, "beyond")
    assert bounds("metrics: {orders: [{above: 1}]}")[0] == 0
    assert bounds("{}") == (0, "[]\n")

"""Reports say what the metrics say, go out once a tick, and tell when they cannot."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("deltalake")

from bodega.apps import cli
from bodega.apps.reports import look, planned, send, send_due, written
from bodega.backbone.settings import Settings
from bodega.data.operations.alerts import alerts
from bodega.data.quality.freshness import record_pulse
from bodega.insight.reports.errors import ReportsMalformed, ReportUndelivered, ReportUnknown
from bodega.insight.reports.period import days_of
from bodega.insight.reports.shapes import as_csv, as_page, as_text
from bodega.kernel.errors import BodegaError
from tests.insight.conftest import NOW

Shop = Callable[..., Settings]
SOLD = {"metrics": ["net_sales", "orders", "average_order_value", "return_rate"]}
BY_COUNTRY = {"metrics": ["net_sales", "units_sold"], "by": ["country"], "limit": 1}
BY_DAY = {"metrics": ["net_sales"], "by": ["day"], "title": "=Days & <nights>"}
WEEK = {
    "title": "The <b>week</b>",
    "schedule": "every day at 07:00",
    "period": "Last 4  days",
    "to": ["owner@shop.example", "books@shop.example"],
    "tables": [SOLD, BY_COUNTRY, BY_DAY],
}


@pytest.fixture
def shop(lake: Path) -> Shop:
    def shop(*, reports: object = None, **over: object) -> Settings:
        file = lake / "reports.yml"
        file.write_text(json.dumps({"reports": reports or {"week": WEEK}}))  # JSON is YAML
        return Settings(
            _env_file=None, data_dir=lake, lake_url=str(lake), reports_file=file, **over
        )

    return shop


def mails(settings: Settings) -> list[EmailMessage]:
    found = sorted((settings.data_dir / "objects" / "mail").glob("*.eml"))
    return [message_from_bytes(file.read_bytes(), policy=default) for file in found]


def test_a_report_is_what_the_metrics_say(shop: Shop) -> None:
    report = written(shop(), "week", now=NOW)
    totals, countries, days = report.tables
    assert str(report.days) == "2026-02-26 to 2026-03-01"
    assert list(csv.reader(io.StringIO(as_csv(totals)))) == [
        ["currency", "net_sales", "orders", "average_order_value", "return_rate"],
        ["GBP", "10.00", "2", "5.00", "0 %"],
    ]
    assert as_csv(countries).splitlines()[1:] == ["GB,GBP,9.00,3"]
    assert countries.left_out == 1
    assert [row.groups for row in days.rows] == [("2026-02-27",), ("2026-03-01",)]
    text, page = as_text(report), as_page(report)
    assert "GB       GBP" in text
    assert "… and 1 more" in text
    assert "<b>" not in page
    assert "=Days &amp; &lt;nights&gt;" in page
    assert "2026-03-02 12:00 UTC" in page


def test_text_that_is_a_formula_elsewhere_is_none_in_csv(shop: Shop, lake: Path) -> None:
    report = written(shop(reports={"days": {**WEEK, "tables": [BY_DAY]}}), "days", now=NOW)
    (table,) = report.tables
    odd = table.rows[0].__class__(("=cmd|' /C calc'!A0",), "GBP", (-100,))
    rows = list(
        csv.reader(io.StringIO(as_csv(table.__class__("", table.metrics, ("day",), [odd], 0))))
    )
    assert rows[1] == ["'=cmd|' /C calc'!A0", "GBP", "-1.00"]


def test_it_goes_out_once_a_tick_from_the_next_one_on(shop: Shop) -> None:
    settings, seven = shop(), datetime(2026, 3, 2, 7, tzinfo=UTC)
    assert send_due(settings, now=seven - timedelta(minutes=1)) == [], "seen for the first time"
    assert send_due(settings, now=seven) == ["week"]
    assert send_due(settings, now=seven + timedelta(hours=5)) == []
    (mail,) = mails(settings)
    assert mail["To"] == "owner@shop.example, books@shop.example"
    assert mail["Subject"] == "Bodega: The <b>week</b>, 2026-02-26 to 2026-03-01"
    kinds = [part.get_content_type() for part in mail.walk() if not part.is_multipart()]
    assert kinds == ["text/plain", "text/html", "text/csv", "text/csv", "text/csv"]
    tomorrow = seven + timedelta(days=1)
    assert send_due(settings, now=tomorrow) == [], "the day is not wholly in gold"
    assert send_due(settings, now=tomorrow + timedelta(hours=3)) == ["week"], "nothing came"
    (plan,) = planned(settings, now=tomorrow + timedelta(hours=4))
    assert (plan.sent_at, plan.next) == (
        tomorrow + timedelta(hours=3),
        seven + timedelta(days=2),
    )
    ids = {mail["Message-ID"] for mail in mails(settings)}
    assert len(ids) == 2


def test_a_mail_that_is_not_taken_is_an_alert_and_tried_again(shop: Shop, lake: Path) -> None:
    settings, seven = shop(mail_url="smtp://127.0.0.1:9"), datetime(2026, 3, 2, 7, tzinfo=UTC)
    send_due(settings, now=seven - timedelta(minutes=1))
    assert send_due(settings, now=seven) == []
    assert [alert.key for alert in alerts(lake, open_only=True)] == ["report:week"]
    mended = settings.model_copy(update={"mail_url": None})
    assert send_due(mended, now=seven + timedelta(minutes=1)) == [], "not before five minutes"
    assert send_due(mended, now=seven + timedelta(minutes=6)) == ["week"]
    assert alerts(lake, open_only=True) == []
    with pytest.raises(ReportUndelivered):
        send(settings, "week", now=NOW)


def test_a_report_that_goes_out_late_is_of_the_days_before_its_tick(shop: Shop) -> None:
    settings, seven = shop(mail_url="smtp://127.0.0.1:9"), datetime(2026, 3, 2, 7, tzinfo=UTC)
    send_due(settings, now=seven - timedelta(minutes=1))
    send_due(settings, now=seven)
    mended = settings.model_copy(update={"mail_url": None})
    assert send_due(mended, now=seven + timedelta(hours=20)) == ["week"]
    assert mails(settings)[0]["Subject"].endswith("2026-02-26 to 2026-03-01")


def test_after_a_quiet_night_the_pipelines_vouch_for_the_day(shop: Shop, lake: Path) -> None:
    settings, eight = shop(), datetime(2026, 3, 3, 7, tzinfo=UTC)
    send_due(settings, now=eight - timedelta(days=1))
    assert send_due(settings, now=eight) == []
    (lake / "status.json").write_text(json.dumps({"checked_at": eight.isoformat()}))
    record_pulse(lake, fresh_as_of=eight - timedelta(hours=8), state="streaming", error="")
    assert send_due(settings, now=eight) == [], "the feed was away since before midnight"
    record_pulse(lake, fresh_as_of=eight, state="streaming", error="")
    assert send_due(settings, now=eight) == ["week"]


def test_a_file_that_cannot_be_used_is_an_alert_until_it_can(shop: Shop, lake: Path) -> None:
    settings = shop(mail_url="smtp://127.0.0.1:9")
    seven = datetime(2026, 3, 2, 7, tzinfo=UTC)
    for minutes in (-1, 0):
        look(settings, now=seven + timedelta(minutes=minutes))
    said = settings.reports_file.read_text()
    settings.reports_file.write_text("reports: {week: {title: x}}")
    look(settings, now=seven)
    assert {a.key for a in alerts(lake, open_only=True)} == {"report:week", "file:reports"}
    settings.reports_file.write_text(said.replace('"week"', '"month"'))
    look(settings, now=seven)
    assert alerts(lake, open_only=True) == []


def test_without_mailboxes_it_goes_to_who_hears_of_alerts(shop: Shop) -> None:
    by_hand = {name: value for name, value in WEEK.items() if name not in ("to", "schedule")}
    settings = shop(reports={"week": by_hand}, alerts_email="off", shop_staff_email="ops@x.example")
    assert send_due(settings, now=NOW) == []
    (plan,) = planned(settings, now=NOW)
    assert (plan.to, plan.next, plan.schedule) == (["ops@x.example"], None, None)
    with pytest.raises(ReportUnknown, match="declared are: week"):
        written(settings, "month", now=NOW)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"period": "tomorrow"}, "a period is"),
        ({"period": "last 0 days"}, "a period is"),
        ({"period": 7}, "period"),
        ({"schedule": "sometimes"}, "a schedule is"),
        ({"to": ["a@b\nBcc: eve@x.example"]}, "to.0"),
        ({"title": "a\nb"}, "title"),
        ({"tables": []}, "tables"),
        ({"tables": [{"metrics": ["sunshine"]}]}, "There is no metric sunshine"),
        ({"tables": [{"metrics": ["net_sales"], "by": ["weather"]}]}, "not known by weather"),
        ({"tables": [{"metrics": ["stock_units"]}]}, "not known by time"),
        ({"colour": "red"}, "colour"),
    ],
    ids=str,
)
def test_what_cannot_be_reported_is_named(shop: Shop, change: dict[str, object], said: str) -> None:
    with pytest.raises(ReportsMalformed, match=said):
        planned(shop(reports={"week": {**WEEK, **change}}), now=NOW)


@pytest.mark.parametrize("content", ["reports: [", "- a", "reports: 3", "\xff"])
def test_a_file_that_is_none_is_named(shop: Shop, content: str) -> None:
    settings = shop()
    settings.reports_file.write_bytes(content.encode("latin-1"))
    with pytest.raises(ReportsMalformed):
        planned(settings, now=NOW)


@pytest.mark.parametrize(
    ("period", "today", "since", "until"),
    [
        ("yesterday", "2026-03-01", "2026-02-28", "2026-02-28"),
        ("last 7 days", "2026-03-01", "2026-02-22", "2026-02-28"),
        ("last week", "2026-03-01", "2026-02-16", "2026-02-22"),
        ("last week", "2026-03-02", "2026-02-23", "2026-03-01"),
        ("last month", "2026-01-05", "2025-12-01", "2025-12-31"),
        ("month to date", "2026-03-01", "2026-02-01", "2026-02-28"),
        ("month to date", "2026-03-15", "2026-03-01", "2026-03-14"),
    ],
)
def test_periods_are_days_that_are_over(period: str, today: str, since: str, until: str) -> None:
    found = days_of(period, date.fromisoformat(today))
    assert (str(found.since), str(found.until)) == (since, until)


def test_the_command_line_lists_shows_and_sends(
    shop: Shop, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = shop(reports={"week": {**WEEK, "period": "last 366 days"}})
    files = (("LAKE_URL", lake), ("DATA_DIR", lake), ("REPORTS_FILE", settings.reports_file))
    for name, value in files:
        monkeypatch.setenv(f"BODEGA_{name}", str(value))

    def bodega(*arguments: str) -> str:
        done = CliRunner().invoke(cli.app, ["reports", *arguments], env={"COLUMNS": "160"})
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.output

    (line,) = json.loads(bodega("list", "--json"))
    assert (line["name"], line["sent_at"]) == ("week", None)
    assert "every day at 07:00" in bodega("list")
    assert "<!doctype html>" in bodega("show", "week", "--format", "html")
    bodega("show", "week", "--format", "csv", "--into", str(lake / "out"))
    assert sorted(file.name for file in (lake / "out").iterdir()) == [
        "week-1.csv",
        "week-2.csv",
        "week-3.csv",
    ]
    assert bodega("send", "week") == "Sent to owner@shop.example, books@shop.example.\n"
    assert len(mails(settings)) == 1
    with pytest.raises(BodegaError, match="There is no report"):
        bodega("show", "year")
    settings.reports_file.unlink()
    assert "write a reports.yml" in bodega("list")

"""Alerts reach people: a mail by the shop's own transport, and a webhook as Slack takes it."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from structlog.testing import capture_logs

pytest.importorskip("deltalake")

from bodega.apps.alerting import AlertUndelivered, WebhookChannel, channels, notice_silence, tell
from bodega.backbone.settings import Settings
from bodega.data.lake.storage import LakeRoot
from bodega.data.operations.alerts import alerts, raise_alert, resolve_alert
from bodega.data.operations.delivery import Message
from bodega.kernel.clock import FixedClock

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Hook(HTTPServer):
    """A webhook that answers `status` and keeps what it was sent."""

    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.heard: list[dict[str, object]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/services/T0/B0/verysecret"


class _Answer(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.server.status == 200:
            self.server.heard.append(json.loads(body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def settings_of(folder: Path, **over: object) -> Settings:
    return Settings(_env_file=None, data_dir=folder, **over)


def lake(settings: Settings) -> Path:
    return settings.data_dir / "lake"


def test_a_mail_goes_to_the_staff_and_says_what_since_when_and_where_to_look(
    tmp_path: Path,
) -> None:
    settings = settings_of(tmp_path, shop_staff_email="ops@shop.example", shop_name="Corner")
    raise_alert(lake(settings), key="refresh", title="The refresh fails", detail="why", now=NOW)
    assert tell(settings, clock=FixedClock(NOW)) == 1
    assert tell(settings, clock=FixedClock(NOW + timedelta(minutes=1))) == 0
    (file,) = (tmp_path / "objects" / "mail").glob("*.eml")
    mail = message_from_bytes(file.read_bytes(), policy=default)
    assert mail["To"] == "ops@shop.example"
    assert mail["Subject"] == "Corner: The refresh fails"
    body = mail.get_content()
    assert "why" in body
    assert "since 2026-03-01 12:00 UTC" in body
    assert "/console/pipelines" in body


def test_the_webhook_gets_text_and_blocks_with_markup_escaped(tmp_path: Path, hook: Hook) -> None:
    settings = settings_of(tmp_path, alerts_email="off", alerts_webhook_url=hook.url)
    raise_alert(lake(settings), key="k", title="a < b", detail="<!channel> & co", now=NOW)
    assert tell(settings, clock=FixedClock(NOW)) == 1
    resolve_alert(lake(settings), key="k", now=NOW + timedelta(hours=2))
    assert tell(settings, clock=FixedClock(NOW + timedelta(hours=2))) == 1
    raised, over = hook.heard
    assert raised["text"] == "Bodega: a < b"
    said = json.dumps(raised["blocks"])
    assert "&lt;!channel&gt; &amp; co" in said
    assert "<!channel>" not in said
    assert over["text"] == "Bodega: over: a < b"


def test_a_webhook_that_is_down_is_tried_again_and_its_address_is_told_to_nobody(
    tmp_path: Path, hook: Hook
) -> None:
    settings = settings_of(tmp_path, alerts_email="off", alerts_webhook_url=hook.url)
    raise_alert(lake(settings), key="k", title="t", now=NOW)
    hook.status = 503
    with capture_logs() as logs:
        assert tell(settings, clock=FixedClock(NOW)) == 0
    (delivery,) = alerts(lake(settings))[0].deliveries
    assert delivery.failure == "it answered 503"
    assert "verysecret" not in json.dumps(logs) + delivery.model_dump_json() + repr(settings)
    hook.status = 200
    assert tell(settings, clock=FixedClock(NOW + timedelta(minutes=1))) == 1
    assert [heard["text"] for heard in hook.heard] == ["Bodega: t"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/verysecret", "no url"], ids=["dead", "wrong"])
def test_nobody_there_is_a_failure_without_the_address(tmp_path: Path, url: str) -> None:
    settings = settings_of(tmp_path, alerts_email="off", alerts_webhook_url=url)
    raise_alert(lake(settings), key="k", title="t", now=NOW)
    assert tell(settings, clock=FixedClock(NOW)) == 0
    (delivery,) = alerts(lake(settings))[0].deliveries
    assert delivery.attempts == 1
    assert url not in delivery.failure


def test_one_channel_that_fails_does_not_keep_the_other_from_hearing(
    tmp_path: Path, hook: Hook
) -> None:
    settings = settings_of(tmp_path, alerts_webhook_url=hook.url, mail_url="smtp://127.0.0.1:9")
    raise_alert(lake(settings), key="k", title="t", now=NOW)
    assert tell(settings, clock=FixedClock(NOW)) == 1
    assert len(hook.heard) == 1
    failures = {d.channel: d.failure for d in alerts(lake(settings))[0].deliveries}
    assert failures["webhook"] == ""
    assert failures["mail"]


def test_mail_can_be_switched_off(tmp_path: Path) -> None:
    assert list(channels(settings_of(tmp_path))) == ["mail"]
    assert list(channels(settings_of(tmp_path, alerts_email="off"))) == []


def test_the_command_lists_what_is_open_and_tries_the_channels(
    tmp_path: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    from typer.testing import CliRunner

    from bodega.apps.cli import app

    monkeypatch.chdir(tmp_path)
    told = {"BODEGA_DATA_DIR": str(tmp_path), "BODEGA_ALERTS_WEBHOOK_URL": hook.url}

    def bodega(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, list(words), env=told)
        return done.exit_code, done.output

    assert bodega("alerts", "list") == (0, "No alert is open.\n")
    raise_alert(tmp_path / "lake", key="source:fx", title="fx cannot be read")
    assert "source:fx" in bodega("alerts", "list")[1]
    assert json.loads(bodega("alerts", "list", "--json")[1])[0]["title"] == "fx cannot be read"
    assert bodega("alerts", "test") == (0, "mail: delivered\nwebhook: delivered\n")
    hook.status = 404
    assert bodega("alerts", "test") == (1, "mail: delivered\nwebhook: it answered 404\n")
    told["BODEGA_ALERTS_EMAIL"] = "off"
    del told["BODEGA_ALERTS_WEBHOOK_URL"]
    assert bodega("alerts", "test")[0] == 1


def test_a_webhook_that_refuses_is_told_apart_without_its_address(hook: Hook) -> None:
    hook.status = 500
    message = Message(1, "webhook", "raised", "k", "It fails", "", "error", 1, NOW, None, 0)
    with pytest.raises(AlertUndelivered, match="it answered 500") as refused:
        WebhookChannel(hook.url).send(message, shop="Corner")
    assert "verysecret" not in str(refused.value)


def test_pipelines_that_fall_silent_are_noticed_until_they_speak(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    assert not notice_silence(settings, now=NOW), "there are no numbers yet"
    root = LakeRoot(lake(settings))
    table = {"version": 1, "rows": 1, "columns": {}, "prints": {}, "updated_at": NOW.isoformat()}
    root.write_json("published/current.json", {"tables": {"fct_orders": table}})
    root.write_json("status.json", {"checked_at": NOW.isoformat()})
    assert not notice_silence(settings, now=NOW + timedelta(minutes=10))
    later = NOW + timedelta(minutes=20)
    assert notice_silence(settings, now=later)
    assert tell(settings, clock=FixedClock(later)) == 1
    assert "since 2026-03-01 12:00" in alerts(lake(settings))[0].detail
    root.write_json("status.json", {"checked_at": later.isoformat()})
    assert not notice_silence(settings, now=later)
    assert alerts(lake(settings), open_only=True) == []

"""Telling people of alerts: by mail and to a Slack-compatible webhook, until they have heard."""

import asyncio
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any, Protocol

import httpx

from bodega.backbone.settings import Settings
from bodega.backbone.telemetry.logs import get_logger
from bodega.commerce.notifications.adapters.mail import mailer
from bodega.commerce.notifications.errors import MailUndelivered
from bodega.data.lake.published import checked_at, read_published
from bodega.data.lake.storage import LakeRoot
from bodega.data.operations.alerts import forget_alerts, raise_alert, resolve_alert
from bodega.data.operations.delivery import Message, announce, claim, delivered, undelivered
from bodega.kernel.clock import Clock, SystemClock
from bodega.kernel.errors import Unavailable

LOOK_SECONDS = 5.0
WEBHOOK_SECONDS = 10.0
PLACE = "/console/pipelines"
SILENCE = "pipelines"
SILENT = timedelta(minutes=15)
_WORDS = {"raised": "", "repeated": "still: ", "resolved": "over: "}
_SIGNS = {"error": ":red_circle:", "warning": ":large_yellow_circle:"}
log = get_logger(__name__)


class AlertUndelivered(Unavailable):
    """Says nothing of where it went to: a webhook's URL is a secret."""

    code = "alert_undelivered"
    title = "The alert could not be delivered: it is tried again"


class Channel(Protocol):
    """A way to somebody."""

    def send(self, message: Message, *, shop: str) -> None:
        """Raises AlertUndelivered."""


class MailChannel:
    """Through the mail transport of the shop's own messages."""

    def __init__(self, settings: Settings) -> None:
        self._mailer = mailer(settings)
        self._sender = settings.mail_from
        self._to = settings.alerts_email or settings.shop_staff_email or settings.admin_email

    def send(self, message: Message, *, shop: str) -> None:
        try:
            asyncio.run(self._mailer.send(self._written(message, shop)))
        except (MailUndelivered, ValueError) as error:
            said = "address_unusable" if isinstance(error, ValueError) else error.detail
            raise AlertUndelivered(said) from None

    def _written(self, message: Message, shop: str) -> EmailMessage:
        mail = EmailMessage()
        mail["From"] = self._sender
        mail["To"] = self._to
        mail["Subject"] = f"{shop}: {_headline(message)}"
        domain = self._sender.rpartition("@")[2]
        opened = int(message.opened_at.timestamp())
        mail["Message-ID"] = f"<alert-{opened}-{message.id}@{domain}>"
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
        lines = (
            _headline(message),
            message.detail,
            _facts(message),
            f"Look at {PLACE} of the shop.",
        )
        mail.set_content("\n\n".join(line for line in lines if line) + "\n")
        return mail


class WebhookChannel:
    """JSON with `text` and `blocks`, as Slack, Mattermost, Rocket.Chat and others take it."""

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        self._url = url
        self._transport = transport

    def send(self, message: Message, *, shop: str) -> None:
        try:
            with httpx.Client(timeout=WEBHOOK_SECONDS, transport=self._transport) as client:
                answer = client.post(self._url, json=slack_body(message, shop=shop))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise AlertUndelivered(type(error).__name__) from None
        if not answer.is_success:
            raise AlertUndelivered(f"it answered {answer.status_code}")


def slack_body(message: Message, *, shop: str) -> dict[str, Any]:
    """`text` is what a notification shows, `blocks` what the channel shows."""
    sign = ":white_check_mark:" if message.kind == "resolved" else _SIGNS[message.severity]
    headline = f"{sign} *{_escaped(shop)}: {_escaped(_headline(message))}*"
    detail = f"\n{_escaped(message.detail)}" if message.detail else ""
    return {
        "text": f"{shop}: {_headline(message)}",
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": f"{headline}{detail}"[:2900]}},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": _facts(message)}]},
        ],
    }


def channels(settings: Settings) -> Mapping[str, Channel]:
    """Those this shop has; mail unless it is switched off."""
    found: dict[str, Channel] = {}
    if settings.alerts_email != "off":
        found["mail"] = MailChannel(settings)
    if settings.alerts_webhook_url is not None:
        found["webhook"] = WebhookChannel(settings.alerts_webhook_url.get_secret_value())
    return found


def tell(
    settings: Settings, ways: Mapping[str, Channel] | None = None, *, clock: Clock | None = None
) -> int:
    """One look: queue what is to be told, send what is due; how many messages went out."""
    clock, ways = clock or SystemClock(), channels(settings) if ways is None else ways
    work, sent = LakeRoot.of(settings).work, 0
    repeat = timedelta(minutes=settings.alerts_repeat_minutes)
    announce(
        work, channels=list(ways), least=settings.alerts_severity, repeat=repeat, now=clock.now()
    )
    while (message := claim(work, now=clock.now())) is not None:
        try:
            if message.channel not in ways:
                raise AlertUndelivered("the channel is switched off")
            ways[message.channel].send(message, shop=settings.shop_name)
        except AlertUndelivered as error:
            log.warning("alert_undelivered", channel=message.channel, error=error.detail)
            undelivered(work, message, error.detail, now=clock.now())
        else:
            delivered(work, message, now=clock.now())
            sent += 1
    return sent


def tried(settings: Settings) -> dict[str, str]:
    """A message by every channel, now: why it did not get through, or nothing."""
    now = SystemClock().now()
    trial = Message(
        id=int(now.timestamp()),
        channel="",
        kind="raised",
        key="test",
        title="a test of alerts",
        detail="Nothing is wrong: somebody ran `bodega alerts test`.",
        severity="warning",
        count=1,
        opened_at=now,
        resolved_at=None,
        attempts=0,
    )
    outcomes: dict[str, str] = {}
    for name, channel in channels(settings).items():
        try:
            channel.send(trial, shop=settings.shop_name)
            outcomes[name] = ""
        except AlertUndelivered as error:
            outcomes[name] = error.detail
    return outcomes


def notice_silence(settings: Settings, *, now: datetime) -> bool:
    """Whether the pipelines have said nothing for too long, a refresh of everything included: an
    alert until they speak. A shop whose readers are held, or that has no numbers yet, waits."""
    lake = LakeRoot.of(settings)
    known, heard = read_published(lake), checked_at(lake)
    quiet = now - heard if heard else timedelta()
    if not known.tables or known.held or quiet <= SILENT:
        resolve_alert(lake.work, key=SILENCE, detail="they speak again", now=now)
        return False
    title = "The pipelines have fallen silent"
    detail = f"Nothing was heard of them since {heard:%Y-%m-%d %H:%M} UTC: see `bodega status`."
    raise_alert(lake.work, key=SILENCE, title=title, detail=detail, now=now)
    return True


def keep_telling(settings: Settings, stop: threading.Event, *, watching: bool = False) -> None:
    """Until `stop`; a look that fails is logged, and the next one tries again. Several may
    do it: each message is sent by one. `watching` is for those that are not the pipelines."""
    work, ways = LakeRoot.of(settings).work, channels(settings)
    forgotten = datetime.min.replace(tzinfo=UTC)
    while not stop.is_set():
        try:
            now = datetime.now(UTC)
            if watching:
                notice_silence(settings, now=now)
            tell(settings, ways)
            if now - forgotten > timedelta(hours=1):
                forget_alerts(work, before=now - timedelta(days=settings.alerts_keep_days))
                forgotten = now
        except Exception:
            log.exception("alerts_not_told")
        stop.wait(LOOK_SECONDS)


def _headline(message: Message) -> str:
    return f"{_WORDS[message.kind]}{message.title}".replace("\n", " ")


def _facts(message: Message) -> str:
    since = f"since {message.opened_at:%Y-%m-%d %H:%M} UTC"
    if message.resolved_at is not None:
        since += f" until {message.resolved_at:%Y-%m-%d %H:%M} UTC"
    times = f", {message.count} times" if message.count > 1 else ""
    return f"{message.severity} `{message.key}` {since}{times}"


def _escaped(text: str) -> str:
    """As Slack's markup wants it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

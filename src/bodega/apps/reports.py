"""Reports by schedule: written from published gold, sent by the shop's own mail, once a tick."""

import asyncio
import fcntl
import hashlib
import threading
from datetime import UTC, datetime, time, timedelta
from email.message import EmailMessage

from pydantic import BaseModel

from bodega.backbone.settings import Settings
from bodega.backbone.telemetry.logs import get_logger
from bodega.commerce.notifications.adapters.mail import mailer
from bodega.commerce.notifications.errors import MailUndelivered
from bodega.data.lake.published import read_published
from bodega.data.lake.storage import LakeRoot
from bodega.data.operations.alerts import open_keys, raise_alert, resolve_alert
from bodega.data.quality.freshness import knows_until
from bodega.insight.gold import GoldReader
from bodega.insight.reports.declared import Report, ReportsFile, read_reports
from bodega.insight.reports.errors import ReportUndelivered
from bodega.insight.reports.shapes import as_csv, as_page, as_text
from bodega.insight.reports.writing import WrittenReport, write
from bodega.kernel.clock import Clock, SystemClock
from bodega.kernel.errors import BodegaError

LOOK_SECONDS = 30.0
AGAIN = timedelta(minutes=5)
PATIENCE = timedelta(hours=3)
"""How long after its tick a report waits for gold to know the whole of its days."""
PREFIX = "report:"
UNREAD = "file:reports"
_STATE = "reports.json"
log = get_logger(__name__)


class Sent(BaseModel):
    """What is known of a report: the `tick` it was sent for last, or was first seen after."""

    tick: datetime
    sent_at: datetime | None = None
    again_at: datetime | None = None


class PlannedReport(BaseModel):
    name: str
    title: str
    period: str
    to: list[str]
    schedule: str | None
    next: datetime | None
    sent_at: datetime | None


def declared_reports(settings: Settings) -> ReportsFile:
    """Raises ReportsMalformed."""
    return read_reports(settings.reports_file)


def planned(settings: Settings, *, now: datetime) -> list[PlannedReport]:
    """Raises ReportsMalformed."""
    known = _Memory(settings).read()
    return [
        PlannedReport(
            name=name,
            title=report.title,
            period=report.period,
            to=_mailboxes(settings, report),
            schedule=report.schedule.said if report.schedule else None,
            next=report.schedule.next_tick(now) if report.schedule else None,
            sent_at=known[name].sent_at if name in known else None,
        )
        for name, report in declared_reports(settings).reports.items()
    ]


def written(settings: Settings, name: str, *, now: datetime) -> WrittenReport:
    """Its days are those that were over at `now`. Raises ReportsMalformed, ReportUnknown,
    LakeUnavailable, AccessUnrecorded."""
    report = declared_reports(settings).named(name)
    lake = LakeRoot.of(settings)
    gold = GoldReader(lake)
    known_at = read_published(lake).known_at
    today = now.astimezone(UTC).date()
    try:
        return asyncio.run(write(gold, name, report, today=today, known_at=known_at))
    finally:
        gold.access.flush(now=True)


def send(settings: Settings, name: str, *, now: datetime, tick: datetime | None = None) -> None:
    """Write it and mail it; late as it may be, of the days before its `tick`. Raises what `written`
    raises, ReportUndelivered."""
    found = written(settings, name, now=tick or now)
    try:
        asyncio.run(mailer(settings).send(_mail(settings, found, tick or now)))
    except (MailUndelivered, ValueError) as error:
        said = "address_unusable" if isinstance(error, ValueError) else error.detail
        raise ReportUndelivered(said) from None


def send_due(settings: Settings, *, now: datetime) -> list[str]:
    """One look: what is due and whose days gold knows whole; the names of what went out. What
    fails is an alert and tried again. Raises ReportsMalformed."""
    memory, sent, work = _Memory(settings), list[str](), LakeRoot.of(settings).work
    reports = declared_reports(settings).reports
    for key in open_keys(work, prefix=PREFIX):
        if key.removeprefix(PREFIX) not in reports:
            resolve_alert(work, key=key, detail="it is not declared any more", now=now)
    for name, report in reports.items():
        tick = memory.due(name, report, now=now)
        if tick is None or not _whole(settings, tick, now):
            continue
        key = f"{PREFIX}{name}"
        try:
            send(settings, name, now=now, tick=tick)
        except BodegaError as error:
            log.warning("report_not_sent", report=name, error=error.detail)
            raise_alert(
                work, key=key, title=f"{report.title} cannot be sent", detail=error.detail, now=now
            )
            memory.later(name, until=now + AGAIN)
        else:
            log.info("report_sent", report=name)
            memory.sent(name, tick, now=now)
            resolve_alert(work, key=key, detail="it was sent", now=now)
            sent.append(name)
    return sent


def keep_reporting(settings: Settings, stop: threading.Event, clock: Clock | None = None) -> None:
    """Until `stop`."""
    clock = clock or SystemClock()
    while not stop.wait(LOOK_SECONDS):
        look(settings, now=clock.now())


def look(settings: Settings, *, now: datetime) -> list[str]:
    """As `send_due`; a file that cannot be used is an alert until it can."""
    work = LakeRoot.of(settings).work
    try:
        sent = send_due(settings, now=now)
    except BodegaError as error:
        log.warning("reports_not_sent", error=error.detail)
        title = "reports.yml cannot be used: no report is sent"
        raise_alert(work, key=UNREAD, title=title, detail=error.detail, now=now)
        return []
    resolve_alert(work, key=UNREAD, detail="it can be used again", now=now)
    return sent


def _whole(settings: Settings, tick: datetime, now: datetime) -> bool:
    """Whether gold knows the days that are over; pipelines that stand are not waited for without
    end."""
    lake = LakeRoot.of(settings)
    begun = datetime.combine(tick.astimezone(UTC).date(), time(), UTC)
    overdue = read_published(lake).known_at is not None and now >= tick + PATIENCE
    return overdue or knows_until(lake, begun)


def _mailboxes(settings: Settings, report: Report) -> list[str]:
    heard = settings.alerts_email if settings.alerts_email != "off" else ""
    return [*report.to] or [heard or settings.shop_staff_email or settings.admin_email]


def _mail(settings: Settings, found: WrittenReport, tick: datetime) -> EmailMessage:
    """The same report of the same tick is the same mail."""
    mail = EmailMessage()
    mail["From"] = settings.mail_from
    mail["To"] = ", ".join(_mailboxes(settings, found.report))
    mail["Subject"] = f"{settings.shop_name}: {found.report.title}, {found.days}"
    domain = settings.mail_from.rpartition("@")[2]
    told = hashlib.sha256(f"{found.name} {tick.isoformat()}".encode()).hexdigest()[:20]
    mail["Message-ID"] = f"<report-{found.name}-{told}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    mail.set_content(as_text(found))
    mail.add_alternative(as_page(found), subtype="html")
    for nth, table in enumerate(found.tables, start=1):
        mail.add_attachment(
            as_csv(table), subtype="csv", filename=f"{found.name}-{found.days.until}-{nth}.csv"
        )
    return mail


class _Memory:
    """Which tick of each report is done, in a file beside the lake's other work."""

    def __init__(self, settings: Settings) -> None:
        self._work = LakeRoot.of(settings).work

    def read(self) -> dict[str, Sent]:
        try:
            content = (self._work / _STATE).read_bytes()
        except FileNotFoundError:
            return {}
        return _Known.model_validate_json(content).reports

    def due(self, name: str, report: Report, *, now: datetime) -> datetime | None:
        """The tick to send it for. One that is seen for the first time waits for its next."""
        if report.schedule is None:
            return None
        known, tick = self.read().get(name), report.schedule.last_tick(now)
        if known is None:
            self._keep(name, Sent(tick=tick))
            return None
        waits = known.again_at is not None and now < known.again_at
        return None if waits or known.tick >= tick else tick

    def sent(self, name: str, tick: datetime, *, now: datetime) -> None:
        self._keep(name, Sent(tick=tick, sent_at=now))

    def later(self, name: str, *, until: datetime) -> None:
        self._keep(name, self.read()[name].model_copy(update={"again_at": until}))

    def _keep(self, name: str, said: Sent) -> None:
        self._work.mkdir(parents=True, exist_ok=True)
        with (self._work / "reports.lock").open("a") as alone:
            fcntl.flock(alone, fcntl.LOCK_EX)
            content = _Known(reports=self.read() | {name: said}).model_dump_json()
            draft = self._work / f".{_STATE}.draft"
            draft.write_text(content)
            draft.replace(self._work / _STATE)


class _Known(BaseModel):
    reports: dict[str, Sent] = {}

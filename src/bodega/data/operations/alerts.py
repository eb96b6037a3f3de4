"""Alerts: raised and resolved by key from anywhere in the pipelines, told to people elsewhere.

Raising is a row in a file: it needs no mail server, no database, and fails nobody's work. Who tells
people, over what and how often, is `bodega.apps.alerting`.
"""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from bodega.backbone.telemetry.logs import get_logger
from bodega.contracts.pipelines import AlertView, DeliveryView, Severity
from bodega.data.operations.store import reading, text_of, writing
from bodega.kernel.clock import SystemClock

DETAIL_LENGTH = 2000
log = get_logger(__name__)


def raise_alert(
    work: Path,
    *,
    key: str,
    title: str,
    detail: str = "",
    severity: Severity = "error",
    now: datetime | None = None,
) -> None:
    """Something needs a person, until `resolve_alert` with the same key. Raised again meanwhile it
    is counted, not told anew. `work` is the work folder of the lake. Never fails the caller."""
    at = text_of(now or SystemClock().now())
    said = {"key": key, "title": title, "detail": detail[:DETAIL_LENGTH], "severity": severity}
    try:
        with writing(work) as con:
            con.execute(
                """insert into alerts (key, title, detail, severity, count, opened_at, last_at)
                   values (:key, :title, :detail, :severity, 1, :at, :at)
                   on conflict (key) where resolved_at is null do update set
                       title = :title, detail = :detail, severity = :severity,
                       count = count + 1, last_at = :at""",
                {**said, "at": at},
            )
    except (sqlite3.Error, OSError):
        log.exception("alert_not_kept", **said)


def resolve_alert(work: Path, *, key: str, detail: str = "", now: datetime | None = None) -> bool:
    """It is over; whether there was anything open. `detail` says how it ended. Never fails the
    caller, and costs a look when nothing is open."""
    at = text_of(now or SystemClock().now())
    try:
        with reading(work) as con:
            if not _is_open(con, key):
                return False
        with writing(work) as con:
            ended = con.execute(
                """update alerts set resolved_at = ?, detail = coalesce(nullif(?, ''), detail)
                   where key = ? and resolved_at is null""",
                (at, detail[:DETAIL_LENGTH], key),
            )
            return ended.rowcount > 0
    except (sqlite3.Error, OSError):
        log.exception("alert_not_resolved", key=key)
        return False


def open_keys(work: Path, *, prefix: str = "") -> list[str]:
    """Keys of what is open now, those that begin with `prefix`."""
    with reading(work) as con:
        rows = con.execute("select key from alerts where resolved_at is null order by key")
        return [row["key"] for row in rows if row["key"].startswith(prefix)]


def alerts(work: Path, *, open_only: bool = False, limit: int = 50) -> list[AlertView]:
    """Open ones first, then the newest."""
    with reading(work) as con:
        rows = con.execute(
            """select * from alerts where resolved_at is null or not ?
               order by resolved_at is not null, last_at desc, id desc limit ?""",
            (open_only, limit),
        ).fetchall()
        return [_view(row, _deliveries(con, row["id"])) for row in rows]


def forget_alerts(work: Path, *, before: datetime) -> int:
    """Alerts that ended before an instant, with their messages; how many."""
    with writing(work) as con:
        limit = text_of(before)
        return con.execute("delete from alerts where resolved_at < ?", (limit,)).rowcount


def _is_open(con: sqlite3.Connection, key: str) -> bool:
    found = con.execute("select 1 from alerts where key = ? and resolved_at is null", (key,))
    return found.fetchone() is not None


def _deliveries(con: sqlite3.Connection, alert_id: int) -> list[DeliveryView]:
    rows = con.execute("select * from deliveries where alert_id = ? order by id", (alert_id,))
    return [DeliveryView.model_validate(dict(row)) for row in rows]


def _view(row: sqlite3.Row, deliveries: Sequence[DeliveryView]) -> AlertView:
    return AlertView.model_validate({**dict(row), "deliveries": deliveries})

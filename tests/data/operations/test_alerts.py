"""Alerts: one a key while it lasts, told once, again after a while, and when it is over."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bodega.data.operations.alerts import (
    alerts,
    forget_alerts,
    open_keys,
    raise_alert,
    resolve_alert,
)
from bodega.data.operations.delivery import (
    MAX_ATTEMPTS,
    announce,
    backoff,
    claim,
    delivered,
    undelivered,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def trouble(work: Path, now: datetime, key: str = "refresh", **over: str) -> None:
    said = {"title": "The refresh fails", "detail": "dbt: division by zero"} | over
    raise_alert(work, key=key, now=now, **said)


def told(work: Path, now: datetime, *channels: str, least: str = "warning") -> list[str]:
    """What goes out at `now`, as kind and key."""
    ways = channels or ("mail",)
    announce(work, channels=ways, least=least, repeat=HOUR, now=now)
    found = []
    while (message := claim(work, now=now)) is not None:
        delivered(work, message, now=now)
        found.append(f"{message.kind} {message.key} by {message.channel}")
    return found


def test_nothing_was_ever_raised(tmp_path: Path) -> None:
    assert alerts(tmp_path / "lake") == []
    assert not resolve_alert(tmp_path / "lake", key="refresh")
    assert not (tmp_path / "lake").exists()


def test_an_alert_is_one_however_often_it_is_raised(tmp_path: Path) -> None:
    for minute in range(3):
        trouble(tmp_path, NOW + timedelta(minutes=minute), detail=f"attempt {minute}")
    (found,) = alerts(tmp_path)
    assert (found.count, found.detail) == (3, "attempt 2")
    assert (found.opened_at, found.last_at) == (NOW, NOW + timedelta(minutes=2))


def test_what_opens_is_told_to_every_channel_once_and_its_end_as_well(tmp_path: Path) -> None:
    trouble(tmp_path, NOW)
    assert told(tmp_path, NOW, "mail", "webhook") == [
        "raised refresh by mail",
        "raised refresh by webhook",
    ]
    assert told(tmp_path, NOW + timedelta(seconds=5), "mail", "webhook") == []
    assert resolve_alert(tmp_path, key="refresh", now=NOW + HOUR)
    assert told(tmp_path, NOW + HOUR, "mail") == ["resolved refresh by mail"]
    assert told(tmp_path, NOW + 9 * HOUR) == []


def test_what_lasts_is_told_again_only_after_a_while_and_only_if_it_still_happens(
    tmp_path: Path,
) -> None:
    trouble(tmp_path, NOW)
    told(tmp_path, NOW)
    trouble(tmp_path, NOW + timedelta(minutes=30))
    assert told(tmp_path, NOW + timedelta(minutes=31)) == []
    assert told(tmp_path, NOW + HOUR) == ["repeated refresh by mail"]
    assert told(tmp_path, NOW + 3 * HOUR) == [], "it was not raised since"


def test_what_comes_and_goes_is_told_once_a_window(tmp_path: Path) -> None:
    trouble(tmp_path, NOW)
    told(tmp_path, NOW)
    resolve_alert(tmp_path, key="refresh", now=NOW + timedelta(minutes=1))
    told(tmp_path, NOW + timedelta(minutes=1))
    for minute in range(2, 20, 2):
        at = NOW + timedelta(minutes=minute)
        trouble(tmp_path, at)
        assert told(tmp_path, at) == []
        resolve_alert(tmp_path, key="refresh", now=at + timedelta(minutes=1))
        assert told(tmp_path, at + timedelta(minutes=1)) == []
    trouble(tmp_path, NOW + 2 * HOUR)
    assert told(tmp_path, NOW + 2 * HOUR) == ["raised refresh by mail"]


def test_warnings_are_kept_but_not_told_where_only_errors_are_wanted(tmp_path: Path) -> None:
    trouble(tmp_path, NOW, key="freshness:fct_orders", severity="warning")
    trouble(tmp_path, NOW, key="refresh")
    assert told(tmp_path, NOW, least="error") == ["raised refresh by mail"]
    assert len(alerts(tmp_path, open_only=True)) == 2


def test_a_message_that_does_not_get_through_is_tried_again_and_given_up_in_the_end(
    tmp_path: Path,
) -> None:
    trouble(tmp_path, NOW)
    announce(tmp_path, channels=["mail"], least="warning", repeat=HOUR, now=NOW)
    at = NOW
    for attempt in range(1, MAX_ATTEMPTS + 1):
        message = claim(tmp_path, now=at)
        assert message is not None, attempt
        undelivered(tmp_path, message, "ConnectError", now=at)
        assert claim(tmp_path, now=at) is None, "not at once"
        at += backoff(attempt)
    assert claim(tmp_path, now=at + 9 * HOUR) is None
    (delivery,) = alerts(tmp_path)[0].deliveries
    assert (delivery.attempts, delivery.failure, delivery.sent_at) == (8, "ConnectError", None)


def test_two_processes_never_send_the_same_message(tmp_path: Path) -> None:
    trouble(tmp_path, NOW)
    announce(tmp_path, channels=["mail"], least="warning", repeat=HOUR, now=NOW)
    assert claim(tmp_path, now=NOW) is not None
    assert claim(tmp_path, now=NOW) is None
    assert claim(tmp_path, now=NOW + timedelta(minutes=3)) is not None, "its sender has died"


def test_many_raise_at_once_and_none_is_lost(tmp_path: Path) -> None:
    def often() -> None:
        for _ in range(10):
            trouble(tmp_path, NOW)

    threads = [threading.Thread(target=often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [alert.count for alert in alerts(tmp_path)] == [40]


def test_open_keys_by_prefix_and_forgetting_what_is_over(tmp_path: Path) -> None:
    for key in ("source:fx", "source:crm", "refresh"):
        trouble(tmp_path, NOW, key=key)
    assert open_keys(tmp_path, prefix="source:") == ["source:crm", "source:fx"]
    resolve_alert(tmp_path, key="refresh", detail="mended", now=NOW + HOUR)
    assert alerts(tmp_path)[-1].detail == "mended"
    assert forget_alerts(tmp_path, before=NOW) == 0
    assert forget_alerts(tmp_path, before=NOW + 2 * HOUR) == 1
    assert [alert.key for alert in alerts(tmp_path)] == ["source:crm", "source:fx"]


def test_raising_never_fails_the_caller(tmp_path: Path) -> None:
    (tmp_path / "operations.sqlite3").write_text("this is no database, but a text " * 9)
    trouble(tmp_path, NOW)
    assert not resolve_alert(tmp_path, key="refresh")

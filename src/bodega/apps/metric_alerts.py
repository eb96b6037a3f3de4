"""Telling people of metrics that leave the bounds somebody set for them."""

from datetime import UTC, datetime, time

from bodega.backbone.settings import Settings
from bodega.backbone.telemetry.logs import get_logger
from bodega.data.lake.published import read_published
from bodega.data.lake.query import open_gold
from bodega.data.lake.storage import LakeRoot
from bodega.data.operations.alerts import open_keys, raise_alert, resolve_alert
from bodega.data.quality.policy import read_policy
from bodega.insight.semantic.bounds import Bounded, bounded

PREFIX = "metric:"
log = get_logger(__name__)


class MetricWatch:
    """Asks gold once for each set that is published; costs a look at a file while none is."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lake = LakeRoot.of(settings)
        self._asked: object = None

    def look(self, now: datetime) -> list[Bounded]:
        """Raise an alert for each figure beyond its bounds, end those that are over; what was
        asked. Nothing is judged before the day it speaks of is wholly in gold. Raises
        QualityMalformed, MetricUnknown, DimensionUnknown, LakeUnavailable."""
        rules = read_policy(self._settings.quality_file).metrics
        published = read_published(self._lake)
        begun = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
        whole = published.known_at is not None and published.known_at >= begun
        asked = (rules, published.published_at, begun)
        if asked == self._asked or (rules and not whole):
            return []
        found: list[Bounded] = []
        if rules:
            with open_gold(self._lake, published) as con:
                found = list(bounded(con, rules, today=begun.date()))
        self._tell(found, now)
        self._asked = asked
        return found

    def _tell(self, found: list[Bounded], now: datetime) -> None:
        crossed = {f"{PREFIX}{one.key}": one for one in found if one.crossed}
        for key, one in crossed.items():
            raise_alert(
                self._lake.work,
                key=key,
                title=f"{one.metric.label} {said(one)}",
                detail=f"{one.metric.description} Its owner: {one.metric.owner}.",
                severity=one.bound.severity,
                now=now,
            )
        for key in open_keys(self._lake.work, prefix=PREFIX):
            if key not in crossed:
                resolve_alert(self._lake.work, key=key, detail="within its bounds again", now=now)


def said(one: Bounded) -> str:
    """`was 300 GBP (minor units) on 2026-03-01, less than 500`."""
    unit = {"money": f" {one.currency or ''} (minor units)", "basis_points": " basis points"}
    single = one.since == one.until
    days = f"on {one.until}" if single else f"from {one.since} to {one.until}"
    limits = (("less than", one.bound.below), ("more than", one.bound.above))
    told = " and ".join(f"{word} {limit}" for word, limit in limits if limit is not None)
    return f"was {one.value}{unit.get(one.metric.unit, '')} {days}; told when {told}"

"""Telling people of metrics that leave the bounds somebody set for them."""

from collections.abc import Mapping
from datetime import UTC, datetime, time

from bodega.backbone.settings import Settings
from bodega.data.lake.published import read_published
from bodega.data.lake.query import open_gold
from bodega.data.lake.storage import LakeRoot
from bodega.data.operations.alerts import open_keys, raise_alert, resolve_alert
from bodega.data.quality.followed import FollowedPolicy
from bodega.data.quality.freshness import knows_until
from bodega.insight.semantic.bounds import Bounded, bounded
from bodega.kernel.errors import BodegaError

PREFIX = "metric:"


class MetricWatch:
    """Asks gold once for each set that is published; costs a look at a file while none is."""

    def __init__(self, settings: Settings) -> None:
        self._lake = LakeRoot.of(settings)
        self._policy = FollowedPolicy(self._lake, settings.quality_file)
        self._asked: object = None

    def look(self, now: datetime) -> list[Bounded]:
        """Raise an alert for each figure beyond its bounds, and for rules that cannot be asked; end
        those that are over; what was asked. Nothing is judged before the day it speaks of is wholly
        in gold. Raises LakeUnavailable."""
        rules = self._policy.current.metrics
        published = read_published(self._lake)
        begun = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
        asked = (rules, published.published_at, begun)
        if asked == self._asked or (rules and not knows_until(self._lake, begun)):
            return []
        found: list[Bounded] = []
        senseless: dict[str, str] = {}
        if rules:
            with open_gold(self._lake, published) as con:
                for name, bounds in rules.items():
                    try:
                        found += bounded(con, {name: bounds}, today=begun.date())
                    except BodegaError as error:
                        senseless[name] = error.detail
        self._tell(found, senseless, now)
        self._asked = asked
        return found

    def _tell(self, found: list[Bounded], senseless: Mapping[str, str], now: datetime) -> None:
        for name, why in senseless.items():
            title = f"The bounds of {name} in quality.yml cannot be asked"
            raise_alert(self._lake.work, key=f"{PREFIX}{name}", title=title, detail=why, now=now)
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
            if key not in crossed and key.removeprefix(PREFIX) not in senseless:
                resolve_alert(self._lake.work, key=key, detail="within its bounds again", now=now)


def said(one: Bounded) -> str:
    """`was 300 GBP (minor units) on 2026-03-01, less than 500`."""
    unit = {"money": f" {one.currency or ''} (minor units)", "basis_points": " basis points"}
    single = one.since == one.until
    days = f"on {one.until}" if single else f"from {one.since} to {one.until}"
    limits = (("less than", one.bound.below), ("more than", one.bound.above))
    told = " and ".join(f"{word} {limit}" for word, limit in limits if limit is not None)
    return f"was {one.value}{unit.get(one.metric.unit, '')} {days}; told when {told}"

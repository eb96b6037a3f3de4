"""Upkeep of the lake and of the pipelines' own history, as a run in that history."""

from bodega.backbone.settings import Settings
from bodega.data.lake.access import AccessLog
from bodega.data.lake.care import Cared, care
from bodega.data.lake.policy import policies
from bodega.data.lake.storage import LakeRoot
from bodega.data.operations.runs import forget_old_runs, recorded
from bodega.data.quality.history import History


def tidied(settings: Settings, *, trigger: str) -> Cared:
    """One round over the lake, by the policy of each layer; then old runs are forgotten."""
    lake = LakeRoot.of(settings)
    with recorded(lake.work, kind="care", name="lake", trigger=trigger) as run:
        with run.timed("lake", kind="care") as told:
            done = care(lake, policies(settings), settings.lake_archive_url)
            archived = {table: len(months) for table, months in done.archived.items()}
            told["detail"] = f"{done.dropped} files dropped, months archived: {archived or 'none'}"
        with run.timed("checks", kind="care"):
            History(lake).tidy(keep_days=settings.quality_keep_days)
        with run.timed("access", kind="care") as told:
            record = AccessLog(lake)
            copied = "" if record.share(now=True) else ", reads not copied into the lake"
            days = record.tidy(keep_days=settings.lake_access_days)
            told["detail"] = f"{days} days of reads forgotten{copied}"
        with run.timed("history", kind="care") as told:
            gone = forget_old_runs(lake.work, days=settings.pipelines_keep_days)
            told["detail"] = f"{gone} runs forgotten"
    return done

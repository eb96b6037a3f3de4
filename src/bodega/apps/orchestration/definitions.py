"""Everything Dagster knows of this shop. It is loaded by `load`:

dagster definitions validate -m bodega.apps.orchestration.definitions -a load
"""

from datetime import datetime, timedelta
from typing import Any

import dagster as dg

from bodega.apps.orchestration.graph import GATED, Models, bronze_specs
from bodega.apps.orchestration.outside import (
    as_scheduled,
    care_job,
    file_sensor,
    model_asset,
    sales_sensor,
    source_asset,
    sources_of,
)
from bodega.apps.orchestration.warehouse import RETRIES, warehouse_asset
from bodega.backbone.settings import Settings, load_settings
from bodega.data.ingest.sources.config import FOLLOWED, FilesConfig
from bodega.data.lake.published import Published, read_published
from bodega.data.lake.storage import LakeRoot
from bodega.data.pipelines.bronze import NOTHING, read_bronze
from bodega.data.pipelines.dbt import Project, project_fingerprint
from bodega.data.pipelines.mapped import mapped_stamp
from bodega.data.pipelines.reconcile import reconcile
from bodega.data.pipelines.refresh import Outcome, complete_position
from bodega.data.pipelines.status import record
from bodega.data.pipelines.warehouse import Warehouse
from bodega.kernel.clock import SystemClock

PAUSE = timedelta(minutes=1)
UNDER_WAY = dg.RunsFilter(
    job_name="refresh",
    statuses=[
        dg.DagsterRunStatus.QUEUED,
        dg.DagsterRunStatus.NOT_STARTED,
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
    ],
)


def load() -> dg.Definitions:
    """As Dagster's processes ask for it."""
    settings = load_settings()
    lake = LakeRoot.of(settings)
    return definitions(settings, Project(Warehouse(lake)).manifest())


def definitions(
    settings: Settings, manifest: Any, *, retries: dg.RetryPolicy | None = RETRIES
) -> dg.Definitions:
    """The whole graph over the lake of `settings`. What starts runs by itself (sensors, schedules)
    is there only when Dagster orchestrates: exactly one does."""
    models = Models(manifest)
    warehouse = warehouse_asset(settings, models, retries)
    sources = _sources(settings, retries)
    recommender = model_asset(settings, retries)
    refresh = dg.define_asset_job(
        "refresh",
        dg.AssetSelection.assets(*(set(models.keys.values()) - models.daily))
        | dg.AssetSelection.checks(agrees_with_bronze(settings)),
        executor_def=dg.in_process_executor,
        description="What moved in bronze, to the readers.",
    )
    reading = dg.define_asset_job(
        "read_sources", dg.AssetSelection.groups("sources"), executor_def=dg.in_process_executor
    )
    care = care_job(settings)
    found: dict[str, list[Any]] = {"sensors": [], "schedules": []}
    if settings.orchestrator == "dagster":
        found["sensors"] = [bronze_moved(settings, refresh), sales_sensor(settings, recommender)]
        found["sensors"] += [
            file_sensor(settings, name, source)
            for name, (config, source) in sources.items()
            if isinstance(config, FilesConfig)
        ]
        found["schedules"] = [_hourly(care)]
        known = {key for _, source in sources.values() for key in source.keys}
        found["schedules"] += [as_scheduled(settings, reading, known)] if sources else []
    return dg.Definitions(
        assets=[
            *bronze_specs(),
            warehouse,
            recommender,
            *(source for _, source in sources.values()),
        ],
        asset_checks=[agrees_with_bronze(settings)],
        jobs=[refresh, care, *([reading] if sources else [])],
        sensors=found["sensors"],
        schedules=found["schedules"],
    )


def _sources(
    settings: Settings, retries: dg.RetryPolicy | None
) -> dict[str, tuple[Any, dg.AssetsDefinition]]:
    """What is followed is read all the time, by the pipelines process."""
    file = sources_of(settings)
    return {
        name: (config, source_asset(settings, name, config, retries))
        for name, config in (file.sources.items() if file else ())
        if not (isinstance(config, FOLLOWED) and config.follow)
    }


def agrees_with_bronze(settings: Settings) -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=GATED, name="agrees_with_bronze")
    def agrees() -> dg.AssetCheckResult:
        """Rows and money of the published set, recounted from bronze."""
        lines = reconcile(LakeRoot.of(settings))
        wrong = [f"{x.measure} {x.label}: {x.source} ≠ {x.gold}" for x in lines if not x.agrees]
        figures: dict[str, Any] = {"figures": len(lines), "wrong": wrong}
        return dg.AssetCheckResult(passed=not wrong, metadata=figures)

    return agrees


def bronze_moved(settings: Settings, job: Any) -> dg.SensorDefinition:
    """Asks for a refresh when bronze holds something new, or the models have changed; says that the
    published set is up to date when it is. A refresh under way is waited for; one that failed is
    asked for again each minute."""

    @dg.sensor(
        name="bronze_moved",
        job=job,
        minimum_interval_seconds=5,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def moved(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        lake, now = LakeRoot.of(settings), SystemClock().now()
        reach = _reach(lake)
        mark = f"{reach} {mapped_stamp(lake)} {project_fingerprint()[:12]}"
        seen, _, asked_at = (context.cursor or "").partition(" at ")
        known = read_published(lake)
        if mark == seen and not _again(context.instance, known, asked_at, now):
            if known.tables and not known.held and (known.position or NOTHING) >= reach:
                record(lake.work, Outcome.nothing())
            return dg.SkipReason(f"bronze is still at {reach}")
        if context.instance.get_runs_count(UNDER_WAY):
            return dg.SkipReason("a refresh is under way: the next one takes what came meanwhile")
        cursor = f"{mark} at {now.isoformat()}"
        context.update_cursor(cursor)
        return dg.RunRequest(run_key=cursor)

    return moved


def _again(instance: dg.DagsterInstance, known: Published, asked_at: str, now: datetime) -> bool:
    """Whether the last refresh failed, a while ago: what it was refused for may be mended."""
    if known.held or not asked_at or now - datetime.fromisoformat(asked_at) < PAUSE:
        return False
    last = instance.get_runs(dg.RunsFilter(job_name="refresh"), limit=1)
    return bool(last) and last[0].status is dg.DagsterRunStatus.FAILURE


def _reach(lake: LakeRoot) -> int:
    """The last position of a change that a refresh would count."""
    highest = max((table.position for table in read_bronze(lake).values()), default=NOTHING)
    upto = complete_position(lake)
    return highest if upto is None else min(highest, upto)


def _hourly(job: dg.JobDefinition) -> dg.ScheduleDefinition:
    running = dg.DefaultScheduleStatus.RUNNING
    return dg.ScheduleDefinition(job=job, cron_schedule="17 * * * *", default_status=running)

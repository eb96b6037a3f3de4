"""What comes from elsewhere and what is learnt: sources, models, upkeep, each as Dagster has it."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from bodega.apps.orchestration.graph import OWNER
from bodega.apps.reading import planned, read_reports
from bodega.apps.sources import declared
from bodega.apps.training import train_once
from bodega.apps.upkeep import tidied
from bodega.backbone.settings import Settings
from bodega.data.ingest.sources.config import FilesConfig, SourceConfig, SourcesFile
from bodega.data.ingest.sources.files.source import FilesSource
from bodega.data.ingest.sources.registry import build_source
from bodega.data.ingest.sources.report import LoadReport
from bodega.data.lake.paths import bronze_table
from bodega.data.lake.storage import LakeRoot
from bodega.data.operations.alerts import raise_alert, resolve_alert
from bodega.kernel.clock import SystemClock
from bodega.kernel.errors import BodegaError
from bodega.ml.features.purchases import data_version
from bodega.ml.recommend import NAME as RECOMMENDER

UNLOADED = "dagster:streams"
Events = Iterator[dg.MaterializeResult[Any]]


def stream_key(source: str, stream: str) -> dg.AssetKey:
    return dg.AssetKey(["bronze", bronze_table(source, stream)])


def sources_of(settings: Settings) -> SourcesFile | None:
    """None when nothing, or nothing sound, is declared: `bodega sources check` says more."""
    try:
        return declared(settings)
    except BodegaError:
        return None


def source_asset(
    settings: Settings, name: str, config: SourceConfig, retries: dg.RetryPolicy | None
) -> dg.AssetsDefinition:
    """A source with its streams; one reading of it at a time, several sources at once."""
    streams = {stream_key(name, stream.name): stream for stream in config.declared()}

    @dg.multi_asset(
        name=f"source_{name}",
        specs=[
            dg.AssetSpec(
                key,
                group_name="sources",
                owners=[OWNER],
                kinds={config.kind},
                description=f"{name}.{stream.name} of sources.yml, as it arrived.",
                metadata={
                    "key": ", ".join(stream.key) or "none",
                    "dagster/column_schema": dg.TableSchema(
                        [dg.TableColumn(c.name, type=str(c.type)) for c in stream.columns]
                    ),
                },
            )
            for key, stream in streams.items()
        ],
        can_subset=True,
        pool=f"source_{name}",
        retry_policy=retries,
    )
    def source(context: dg.AssetExecutionContext) -> Events:
        chosen = context.selected_asset_keys
        whole = set(streams) == set(chosen)
        asked = [name] if whole else [f"{name}.{streams[key].name}" for key in sorted(chosen)]
        failed = []
        for which in asked:
            for report in read_reports(settings, which, trigger="dagster"):
                context.log.info(f"{report.stream}: {report.kept} rows kept of {report.rows}")
                key = stream_key(name, report.stream)
                if report.error:
                    failed.append(f"{report.stream}: {report.error}")
                elif key in chosen:
                    yield _read(settings, key, report)
        if failed:
            raise dg.Failure("; ".join(failed))

    return source


def _read(settings: Settings, key: dg.AssetKey, report: LoadReport) -> dg.MaterializeResult[Any]:
    root, path = LakeRoot.of(settings), "/".join(key.path)
    metadata = {
        "rows_read": report.rows,
        "rows_kept": report.kept,
        "set_aside": report.set_aside,
        "seconds": report.seconds,
        "delta_version": root.delta(path).version() if root.is_delta(path) else -1,
    }
    return dg.MaterializeResult(asset_key=key, metadata=metadata)


def model_asset(settings: Settings, retries: dg.RetryPolicy | None) -> dg.AssetsDefinition:
    """The trained recommender, from the published sales."""

    @dg.multi_asset(
        name="train_recommender",
        specs=[
            dg.AssetSpec(
                dg.AssetKey(["models", RECOMMENDER]),
                deps=[dg.AssetKey(["gold", "fct_order_lines"])],
                group_name="models",
                owners=["team:ml"],
                kinds={"python"},
                description="Who bought what together; promoted only if it beats popularity.",
                skippable=True,
            )
        ],
        pool="training",
        retry_policy=retries,
    )
    def train(context: dg.AssetExecutionContext) -> Events:
        card = train_once(settings, trigger="dagster")
        if card is None:
            context.log.info("nothing new to learn from")
            return
        metadata: dict[str, Any] = {
            "version": card.version,
            "promoted": card.promoted,
            "ndcg": card.metrics.ndcg,
        }
        yield dg.MaterializeResult(metadata={**metadata, "popularity": card.baseline.ndcg})

    return train


def care_job(settings: Settings) -> dg.JobDefinition:
    """A round of upkeep over the lake."""

    @dg.op(name="care", pool="warehouse")
    def care(context: dg.OpExecutionContext) -> None:
        done = tidied(settings, trigger="dagster")
        context.log.info(f"{done.dropped} files dropped, archived: {dict(done.archived)}")

    @dg.job(name="lake_care", executor_def=dg.in_process_executor)
    def lake_care() -> None:
        care()

    return lake_care


def as_scheduled(
    settings: Settings, job: Any, known: Collection[dg.AssetKey]
) -> dg.ScheduleDefinition:
    """The schedules of sources.yml, by the very rule of `bodega sources schedule`: looked at each
    minute, which is the shortest of them; ticks missed while nobody ran count as one. Streams that
    are not among `known`, the definitions that were loaded, are told and keep no other waiting."""

    @dg.schedule(
        name="sources_as_scheduled",
        job=job,
        cron_schedule="* * * * *",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    def due(context: dg.ScheduleEvaluationContext) -> Any:
        now = context.scheduled_execution_time.astimezone(UTC)
        plans = [plan for plan in planned(settings, now=now) if plan.due]
        file = declared(settings)
        keys = {
            plan.source: [
                stream_key(plan.source, s.name) for s in file.sources[plan.source].declared()
            ]
            for plan in plans
        }
        _tell_unloaded(
            settings, [key for found in keys.values() for key in found if key not in known]
        )
        asked = {name: [key for key in found if key in known] for name, found in keys.items()}
        if not any(asked.values()):
            return dg.SkipReason("no source is due")
        return [
            dg.RunRequest(
                run_key=f"{name} {now.isoformat()}",
                asset_selection=found,
                tags={"bodega/source": name},
            )
            for name, found in asked.items()
            if found
        ]

    return due


def _tell_unloaded(settings: Settings, keys: Sequence[dg.AssetKey]) -> None:
    work = LakeRoot.of(settings).work
    if not keys:
        resolve_alert(work, key=UNLOADED, detail="Dagster knows them now")
        return
    named = ", ".join(sorted(key.path[-1] for key in keys))
    detail = (
        f"{named}: not read until the code location is reloaded, in Dagster's UI or by a restart."
    )
    raise_alert(
        work, key=UNLOADED, title="sources.yml has streams that are new to Dagster", detail=detail
    )


def file_sensor(settings: Settings, name: str, source: dg.AssetsDefinition) -> dg.SensorDefinition:
    """A file came, went or changed where a source looks for files."""

    @dg.sensor(
        name=f"{name}_files",
        target=[source],
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def arrived(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        stamp = files_stamp(settings, name)
        if stamp is None or stamp == context.cursor:
            return dg.SkipReason("no file has changed")
        context.update_cursor(stamp)
        return dg.RunRequest(run_key=f"{name} {stamp}", tags={"bodega/source": name})

    return arrived


def files_stamp(settings: Settings, name: str) -> str | None:
    """Changes with the files a source would read; None where there are none, or none to be seen."""
    file = sources_of(settings)
    if file is None or not isinstance(file.sources.get(name), FilesConfig):
        return None
    source = build_source(name, file, settings)
    assert isinstance(source, FilesSource)
    try:
        stamps = source.stamps()
    except BodegaError:
        return None
    return hashlib.sha256(repr(stamps).encode()).hexdigest()[:16] if stamps else None


def sales_sensor(settings: Settings, model: dg.AssetsDefinition) -> dg.SensorDefinition:
    """Published sales have changed since a model was trained on them."""

    @dg.sensor(
        name="sales_moved",
        target=[model],
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def moved(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        """The first model as soon as there are sales, then every BODEGA_LAKE_TRAIN_MINUTES."""
        version, now = str(data_version(LakeRoot.of(settings)) or ""), SystemClock().now()
        seen, _, asked_at = (context.cursor or "").partition(" at ")
        if version in ("", seen):
            return dg.SkipReason("no sale is new")
        pause = timedelta(minutes=settings.lake_train_minutes)
        if asked_at and now - datetime.fromisoformat(asked_at) < pause:
            return dg.SkipReason(f"trained less than {settings.lake_train_minutes} minutes ago")
        context.update_cursor(f"{version} at {now.isoformat()}")
        return dg.RunRequest(run_key=version)

    return moved

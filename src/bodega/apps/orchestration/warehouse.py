"""The warehouse as one asset function: what moved, or the days asked for, past the checks."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import dagster as dg

from bodega.apps.building import build_here, build_once
from bodega.apps.orchestration.graph import GATE, GATED, Models, bronze_key, daily
from bodega.backbone.settings import Settings
from bodega.contracts.pipelines import RunDetail, StepView
from bodega.data.lake.published import read_published
from bodega.data.lake.storage import LakeRoot
from bodega.data.operations.runs import failures_in_a_row, run_of
from bodega.data.pipelines import watch
from bodega.data.pipelines.days import Days, changed_days
from bodega.data.pipelines.owner import BuildRequest
from bodega.data.pipelines.refresh import Outcome
from bodega.data.pipelines.warehouse import Warehouse

POOL = "warehouse"
CHUNK_DAYS = 31
RETRIES = dg.RetryPolicy(
    max_retries=3, delay=5, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
)
Events = Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]


class Build(dg.Config):
    """`full` rebuilds from the first change on."""

    full: bool = False


def warehouse_asset(
    settings: Settings, models: Models, retries: dg.RetryPolicy | None
) -> dg.AssetsDefinition:
    """Silver, gold and all between them. Without a partition: what moved in bronze. With one or a
    range of them: these days of the daily tables, and nothing else."""

    @dg.multi_asset(
        name="warehouse",
        specs=models.specs(daily(settings.pipelines_first_day)),
        check_specs=models.check_specs(),
        can_subset=True,
        pool=POOL,
        retry_policy=retries,
        backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=CHUNK_DAYS),
    )
    def warehouse(context: dg.AssetExecutionContext, config: Build) -> Events:
        days = _days(context)
        outcome = _build(settings, BuildRequest(full=config.full, days=days), models.manifest)
        context.log.info(f"{outcome.state} in {outcome.seconds} s: {sorted(outcome.written)}")
        yield from _Told(settings, models, context, outcome).events()
        if outcome.state == "blocked":
            raise dg.Failure("not published: " + "; ".join(outcome.failures), allow_retries=False)

    return warehouse


def _days(context: dg.AssetExecutionContext) -> Days | None:
    """The partitions of this run; None for a run without."""
    if not context.has_partition_key and not context.has_partition_key_range:
        return None
    keys = context.partition_key_range
    tables = tuple(sorted(key.path[-1] for key in context.selected_asset_keys))
    return Days(
        first=date.fromisoformat(keys.start), last=date.fromisoformat(keys.end), tables=tables
    )


def _build(settings: Settings, request: BuildRequest, manifest: Any) -> Outcome:
    """Where the loop orchestrates it is asked; else it is done here, and fails (to be tried again)
    while another run holds the lake. Twice running is somebody's business."""
    try:
        if settings.orchestrator == "dagster":
            return build_here(settings, request, trigger="dagster", manifest=manifest)
        answer = build_once(settings, request, trigger="dagster", manifest=manifest)
    except Exception as error:
        work = LakeRoot.of(settings).work
        times = failures_in_a_row(work, kind="backfill" if request.days else "refresh")
        watch.failed(work, f"{type(error).__name__}: {error}", times=times)
        raise
    if answer.outcome is None:
        raise dg.Failure(answer.error or "the pipelines did not answer")
    return answer.outcome


@dataclass
class _Told:
    """What Dagster is told of an outcome: materialisations, checks, and the days that changed."""

    settings: Settings
    models: Models
    context: dg.AssetExecutionContext
    outcome: Outcome
    run: RunDetail | None = field(init=False)

    def __post_init__(self) -> None:
        work = LakeRoot.of(self.settings).work
        self.run = run_of(work, self.outcome.run_id) if self.outcome.run_id else None

    def events(self) -> Events:
        steps = self.run.steps if self.run else []
        for step in steps:
            self._bronze(step)
        if self.outcome.state == "published":
            yield from self._materialised({step.name: step for step in steps})
            self._changed_days()
        yield from self._checked(steps)

    def _bronze(self, step: StepView) -> None:
        if step.kind == "bronze":
            table = step.name.removeprefix("bronze.")
            version = LakeRoot.of(self.settings).delta(f"bronze/{table}").version()
            metadata = {"changes": step.rows or 0, "delta_version": version}
            self.context.log_event(dg.AssetObservation(bronze_key(table), metadata=metadata))

    def _materialised(self, steps: dict[str, StepView]) -> Events:
        published = read_published(LakeRoot.of(self.settings)).tables
        for name, key in self.models.by_name.items():
            step = steps.get(name)
            if key not in self.context.selected_asset_keys:
                continue
            if step is None and name not in self.outcome.written and not self.outcome.days:
                continue
            metadata: dict[str, Any] = {}
            if step is not None:
                metadata |= {"seconds": step.seconds or 0.0}
                metadata |= {} if step.rows is None else {"dagster/row_count": step.rows}
            if table := published.get(name):
                metadata |= {"dagster/row_count": table.rows, "delta_version": table.version}
                metadata["written"] = self.outcome.written.get(name, [])
                metadata["bytes"] = table.written_bytes
            yield dg.MaterializeResult(asset_key=key, metadata=metadata)

    def _changed_days(self) -> None:
        """A refresh changes days of daily tables, too: each is told as its partition."""
        if self.outcome.days:
            return
        first = self.settings.pipelines_first_day
        with Warehouse(LakeRoot.of(self.settings), self.settings.lake_memory_mb).open() as con:
            changed = changed_days(con)
        for name, days in changed.items():
            for day in days:
                if name in self.outcome.written and day >= first:
                    event = dg.AssetMaterialization(
                        self.models.by_name[name], partition=day.isoformat()
                    )
                    self.context.log_event(event)

    def _checked(self, steps: list[StepView]) -> Events:
        wanted = self.context.selected_asset_check_keys
        for step in steps:
            key = self.models.checks.get(step.name) if step.kind == "test" else None
            if key in wanted and key is not None and step.state != "skipped":
                yield dg.AssetCheckResult(
                    asset_key=key.asset_key,
                    check_name=key.name,
                    passed=step.state == "succeeded",
                    metadata={"seconds": step.seconds or 0.0, "detail": step.detail},
                )
        if dg.AssetCheckKey(GATED, GATE) in wanted and self.outcome.state != "nothing":
            yield dg.AssetCheckResult(
                asset_key=GATED,
                check_name=GATE,
                passed=self.outcome.state != "blocked",
                metadata={"failures": self.outcome.failures},
            )

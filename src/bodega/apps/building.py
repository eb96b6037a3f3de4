"""A build asked for by hand: by the running pipelines where there are any, else here."""

import time
from typing import Any

from bodega.apps.declared import declared
from bodega.apps.lineage import tell
from bodega.backbone.settings import Settings
from bodega.backbone.telemetry.logs import get_logger
from bodega.data.lake.storage import LakeRoot
from bodega.data.pipelines import watch
from bodega.data.pipelines.catalogue import catalogue_of
from bodega.data.pipelines.dbt import Project
from bodega.data.pipelines.owner import (
    BuildAnswer,
    BuildRequest,
    Desk,
    WarehouseOwned,
    is_owned,
    ownership,
)
from bodega.data.pipelines.refresh import Outcome, complete_position, refresh
from bodega.data.pipelines.status import record
from bodega.data.pipelines.warehouse import Warehouse
from bodega.data.quality.gate import Gate
from bodega.kernel.errors import BodegaError

log = get_logger(__name__)
PATIENCE_SECONDS = 600.0
LOOK_SECONDS = 0.5


def build_once(
    settings: Settings, request: BuildRequest, *, trigger: str = "command", manifest: Any = None
) -> BuildAnswer:
    """The loop is asked where it runs; a run of Dagster is waited for. Raises BuildLate,
    WarehouseOwned, and what a build here raises."""
    work = LakeRoot.of(settings).work
    if settings.orchestrator == "loop" and is_owned(work):
        return Desk(work).ask(request)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            outcome = build_here(settings, request, trigger=trigger, manifest=manifest)
            return BuildAnswer(outcome=outcome)
        except WarehouseOwned:
            if time.monotonic() > deadline or settings.orchestrator == "loop":
                raise
            time.sleep(LOOK_SECONDS)


def build_here(
    settings: Settings, request: BuildRequest, *, trigger: str, manifest: Any = None
) -> Outcome:
    """In this process, holding the lake for as long; `manifest` is the dbt project where it was
    parsed already. Raises WarehouseOwned."""
    lake = LakeRoot.of(settings)
    warehouse = Warehouse(lake, settings.lake_memory_mb)
    project = Project(warehouse, manifest)
    with ownership(lake.work):
        outcome = refresh(
            warehouse,
            project.plan(),
            full=request.full,
            upto=complete_position(lake),
            days=request.days,
            trigger=trigger,
            gate=Gate(lake, settings.quality_file),
        )
        record(lake.work, outcome)
        watch.ended(lake.work, outcome)
        if outcome.state == "published":
            _catalogue(settings, warehouse, project)
    tell(settings, outcome)
    return outcome


def _catalogue(settings: Settings, warehouse: Warehouse, project: Project) -> None:
    """A catalogue that cannot be made takes nothing back."""
    try:
        catalogue_of(warehouse, project, declared(settings))
    except BodegaError as error:
        log.warning("catalogue_not_made", error=error.detail)

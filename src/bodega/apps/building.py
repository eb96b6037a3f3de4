"""A build asked for by hand: by the running pipelines where there are any, else here."""

from bodega.apps.declared import declared
from bodega.backbone.settings import load_settings
from bodega.data.lake.storage import LakeRoot
from bodega.data.pipelines import watch
from bodega.data.pipelines.catalogue import catalogue_of
from bodega.data.pipelines.dbt import Transforms
from bodega.data.pipelines.owner import BuildAnswer, BuildRequest, Desk, is_owned, ownership
from bodega.data.pipelines.refresh import complete_position, refresh
from bodega.data.pipelines.status import record
from bodega.data.pipelines.warehouse import Warehouse


def build_once(lake: LakeRoot, request: BuildRequest) -> BuildAnswer:
    """Raises BuildLate, and what a build here raises."""
    if is_owned(lake.work):
        return Desk(lake.work).ask(request)
    settings = load_settings()
    warehouse = Warehouse(lake, settings.lake_memory_mb)
    with ownership(lake.work):
        transforms = Transforms(warehouse)
        outcome = refresh(
            warehouse,
            transforms,
            full=request.full,
            upto=complete_position(lake),
            days=request.days,
        )
        record(lake.work, outcome)
        watch.ended(lake.work, outcome)
        if outcome.state == "published":
            catalogue_of(warehouse, transforms, declared(settings))
    return BuildAnswer(outcome=outcome)

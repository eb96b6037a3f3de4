"""Telling people of tables that are late, and of a sources.yml that cannot be used."""

from bodega.backbone.settings import Settings
from bodega.data.ingest.sources.config import SourcesFile, read_sources
from bodega.data.lake.storage import LakeRoot
from bodega.data.operations.alerts import raise_alert, resolve_alert
from bodega.data.quality.freshness import freshness
from bodega.data.quality.late import tell_late
from bodega.data.quality.policy import Policy
from bodega.kernel.errors import BodegaError

KEY = "file:sources"


def tell_ages(settings: Settings, lake: LakeRoot, policy: Policy) -> list[str]:
    """The keys of what is late. While sources.yml cannot be used, nothing ends for its tables."""
    sources = _sources(settings, lake)
    return tell_late(lake, freshness(lake, policy, sources), whole=sources is not None)


def _sources(settings: Settings, lake: LakeRoot) -> SourcesFile | None:
    try:
        found = read_sources(settings.sources_file)
    except BodegaError as error:
        title = "sources.yml cannot be used: no source is read"
        raise_alert(lake.work, key=KEY, title=title, detail=error.detail)
        return None
    resolve_alert(lake.work, key=KEY, detail="it can be used again")
    return found

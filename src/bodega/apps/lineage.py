"""Builds are told to whoever takes OpenLineage events."""

from collections.abc import Callable, Iterator
from datetime import timedelta

from bodega.backbone.settings import Settings
from bodega.data.lake.published import read_published
from bodega.data.lake.storage import LakeRoot
from bodega.data.lineage.errors import CatalogueMissing
from bodega.data.lineage.keep import read_catalogue
from bodega.data.lineage.openlineage import Document, of_build
from bodega.data.lineage.post import Poster, post
from bodega.data.pipelines.refresh import Outcome


def events_of(lake: LakeRoot, outcome: Outcome) -> Iterator[Document]:
    """None for a build before the first catalogue."""
    try:
        catalogue = read_catalogue(lake)
    except CatalogueMissing:
        return
    yield from of_build(
        catalogue,
        read_published(lake).tables,
        written=outcome.written,
        started_at=outcome.started_at,
        ended_at=outcome.started_at + timedelta(seconds=outcome.seconds),
        failures=outcome.failures,
    )


def telling(settings: Settings) -> Callable[[Outcome], None] | None:
    """Tells of each build that did something; None when nobody is to be told."""
    if not settings.lineage_url:
        return None
    lake, poster = LakeRoot.of(settings), Poster(settings.lineage_url)
    return lambda outcome: poster.add(lambda: events_of(lake, outcome))


def tell(settings: Settings, outcome: Outcome) -> None:
    """As `telling`, here and now: for a process that ends after its build."""
    if settings.lineage_url and outcome.state != "nothing":
        post(settings.lineage_url, events_of(LakeRoot.of(settings), outcome))

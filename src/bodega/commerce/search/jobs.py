"""The search's scheduled work: the one writer of the index."""

from bodega.backbone.module import Context, Job
from bodega.commerce.search import service
from bodega.commerce.search.adapters.index import IndexWriter
from bodega.contracts.catalog import Catalog


async def catch_up(context: Context) -> None:
    """Teach the index what changed; build it when it is missing."""
    writer = IndexWriter(context.settings.data_dir / "search")
    catalog = context.container.get(Catalog)
    async with context.database.work(actor="job:search.catch_up") as uow:
        await service.catch_up(uow, catalog=catalog, writer=writer)


JOBS: list[Job] = [Job("search.catch_up", every_seconds=2, run=catch_up)]

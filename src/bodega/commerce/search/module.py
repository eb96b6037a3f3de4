"""Manifest of search."""

from pathlib import Path

from bodega.backbone.module import Module
from bodega.commerce.search.handlers import HANDLERS
from bodega.commerce.search.jobs import JOBS
from bodega.commerce.search.routes import ROUTERS
from bodega.commerce.search.service import SearchService
from bodega.commerce.search.tables import METADATA
from bodega.contracts.search import Search

MODULE = Module(
    name="search",
    metadata=METADATA,
    routers=ROUTERS,
    handlers=HANDLERS,
    jobs=JOBS,
    provides={Search: SearchService},
    migrations=Path(__file__).parent / "migrations",
)

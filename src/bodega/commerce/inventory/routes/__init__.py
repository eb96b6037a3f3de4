"""HTTP of inventory, a file a concept."""

from fastapi import APIRouter

from bodega.commerce.inventory.routes import buying, levels, locations, moving, reports

ROUTERS: list[APIRouter] = [
    *levels.ROUTERS,
    *locations.ROUTERS,
    *moving.ROUTERS,
    *buying.ROUTERS,
    *reports.ROUTERS,
]

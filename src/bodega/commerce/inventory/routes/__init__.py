"""HTTP of inventory, a file a concept."""

from fastapi import APIRouter

from bodega.commerce.inventory.routes import levels

ROUTERS: list[APIRouter] = [*levels.ROUTERS]

"""HTTP of views: read models, metrics, the lake, and stuck events, for staff."""

from fastapi import APIRouter

from bodega.commerce.views.routes.stuck import router as stuck
from bodega.commerce.views.routes.views import ROUTERS as VIEWS

ROUTERS: list[APIRouter] = [*VIEWS, stuck]

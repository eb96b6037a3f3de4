"""Routers of modules: versioned prefix, our route class."""

from typing import Any

from fastapi import APIRouter

from bodega.backbone.http.route import BodegaRoute


def api_router(name: str, prefix: str, **options: Any) -> APIRouter:
    """`api_router("orders", "/orders")` serves `/api/v1/orders`."""
    return APIRouter(prefix=f"/api/v1{prefix}", tags=[name], route_class=BodegaRoute, **options)


def admin_router(name: str, prefix: str, **options: Any) -> APIRouter:
    """Staff side: `/api/v1/admin/...`."""
    return APIRouter(
        prefix=f"/api/v1/admin{prefix}",
        tags=[f"{name} (staff)"],
        route_class=BodegaRoute,
        **options,
    )

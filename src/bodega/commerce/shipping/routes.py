"""HTTP of shipping."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, status

from bodega.backbone.http.deps import Anyone, Shop, Staff, Work, provided
from bodega.backbone.http.router import admin_router, api_router
from bodega.commerce.shipping import service
from bodega.commerce.shipping.schemas import ParcelQuery
from bodega.contracts.shipping import (
    MethodChange,
    NewMethod,
    NewZone,
    Parcel,
    Shipping,
    ShippingOption,
    ZoneChange,
    ZoneView,
)
from bodega.kernel.ids import ShippingMethodId
from bodega.kernel.money import Money

router = api_router("shipping", "/shipping-options")
zones = admin_router("shipping", "/shipping-zones")
methods = admin_router("shipping", "/shipping-methods")

Ways = Annotated[Shipping, provided(Shipping)]


@router.get("")
async def list_options(
    who: Anyone, ways: Ways, shop: Shop, asked: Annotated[ParcelQuery, Query()]
) -> list[ShippingOption]:
    """Ways to send a parcel there, cheapest first; empty when nothing goes there."""
    parcel = Parcel(
        country=asked.country,
        postal_code=asked.postal_code,
        subtotal=Money(amount=asked.subtotal, currency=asked.currency or shop.currency),
        weight_grams=asked.weight_grams,
        units=asked.units,
    )
    return await ways.options(parcel)


@zones.get("")
async def list_zones(who: Staff, uow: Work, shop: Shop) -> list[ZoneView]:
    """Every zone with its methods."""
    return await service.list_zones(uow, currency=shop.currency)


@zones.post("", status_code=status.HTTP_201_CREATED)
async def create_zone(who: Staff, uow: Work, shop: Shop, new: NewZone) -> ZoneView:
    return await service.create_zone(uow, new=new, currency=shop.currency)


@zones.patch("/{zone_id}")
async def change_zone(
    who: Staff, uow: Work, shop: Shop, zone_id: UUID, change: ZoneChange
) -> ZoneView:
    return await service.change_zone(uow, zone_id=zone_id, change=change, currency=shop.currency)


@zones.post("/{zone_id}/methods", status_code=status.HTTP_201_CREATED)
async def create_method(
    who: Staff, uow: Work, shop: Shop, zone_id: UUID, new: NewMethod
) -> ZoneView:
    return await service.create_method(uow, zone_id=zone_id, new=new, currency=shop.currency)


@methods.patch("/{method_id}")
async def change_method(
    who: Staff, uow: Work, shop: Shop, method_id: ShippingMethodId, change: MethodChange
) -> ZoneView:
    return await service.change_method(
        uow, method_id=method_id, change=change, currency=shop.currency
    )


ROUTERS: list[APIRouter] = [router, zones, methods]

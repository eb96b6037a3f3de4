"""Use cases of shipping."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from bodega.backbone.db import UnitOfWork
from bodega.backbone.desk import Desk
from bodega.backbone.kept import Kept
from bodega.backbone.module import Context
from bodega.commerce.shipping import repository
from bodega.commerce.shipping.domain import (
    WORLD,
    Method,
    Tier,
    Zone,
    built_in,
    check_method,
    check_zone,
    options,
)
from bodega.commerce.shipping.errors import MethodNotFound, ZoneNotFound
from bodega.contracts.shipping import (
    MethodChange,
    MethodView,
    NewMethod,
    NewZone,
    Parcel,
    ShippingOption,
    TierBody,
    ZoneChange,
    ZoneView,
)
from bodega.kernel.commands import Command
from bodega.kernel.ids import ShippingMethodId, new_id

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


async def read_zones(connection: "AsyncConnection", *, currency: str) -> tuple[list[Zone], bool]:
    """The shop's zones, or the built-in set (and True) while it has made none."""
    found = await repository.find_zones(connection)
    return (found, False) if found else ([built_in(currency)], True)


async def _own(uow: UnitOfWork, *, currency: str) -> list[Zone]:
    """The shop's zones; the built-in set becomes its own with the first change."""
    found, shipped = await read_zones(uow.connection, currency=currency)
    if shipped:
        await repository.put_zone(uow.connection, found[0])
    return found


async def list_zones(uow: UnitOfWork, *, currency: str) -> list[ZoneView]:
    found, shipped = await read_zones(uow.connection, currency=currency)
    return [_shown(zone, shipped=shipped) for zone in found]


async def create_zone(uow: UnitOfWork, *, new: NewZone, currency: str) -> ZoneView:
    """Raises ZoneMalformed."""
    await _own(uow, currency=currency)
    prefixes = check_zone(new.countries, new.postal_prefixes)
    zone = Zone(new_id(), new.name, frozenset(new.countries), prefixes)
    await repository.put_zone(uow.connection, zone)
    return _shown(zone)


async def change_zone(
    uow: UnitOfWork, *, zone_id: UUID, change: ZoneChange, currency: str
) -> ZoneView:
    """Raises ZoneNotFound, ZoneMalformed."""
    before = await _locked(uow, zone_id, currency=currency)
    changes = change.model_dump(exclude_unset=True)
    countries = changes.get("countries", sorted(before.countries))
    prefixes = changes.get("postal_prefixes", before.postal_prefixes)
    changes |= {
        "countries": sorted(set(countries)),
        "postal_prefixes": check_zone(countries, prefixes),
    }
    await repository.change_zone(uow.connection, zone_id, changes)
    return _shown(await _found(uow, zone_id, currency=currency))


async def create_method(
    uow: UnitOfWork, *, zone_id: UUID, new: NewMethod, currency: str
) -> ZoneView:
    """Raises ZoneNotFound, MethodMalformed."""
    await _locked(uow, zone_id, currency=currency)
    tiers = [Tier(tier.up_to, tier.price_amount) for tier in new.tiers]
    check_method(new.basis, tiers, min_days=new.min_days, max_days=new.max_days)
    method = Method(
        id=ShippingMethodId(new_id()),
        name=new.name,
        carrier=new.carrier,
        basis=new.basis,
        currency=new.currency or currency,
        tiers=tiers,
        free_above=new.free_above_amount,
        min_days=new.min_days,
        max_days=new.max_days,
        position=new.position,
    )
    await repository.put_method(uow.connection, zone_id, method)
    return _shown(await _found(uow, zone_id, currency=currency))


async def change_method(
    uow: UnitOfWork, *, method_id: ShippingMethodId, change: MethodChange, currency: str
) -> ZoneView:
    """Raises MethodNotFound, MethodMalformed."""
    await _own(uow, currency=currency)
    zone_id = await repository.zone_of_method(uow.connection, method_id)
    if zone_id is None:
        raise MethodNotFound
    zone = await _locked(uow, zone_id, currency=currency)
    before = next(method for method in zone.methods if method.id == method_id)
    changes: dict[str, Any] = change.model_dump(exclude_unset=True, exclude={"tiers"})
    tiers = [Tier(tier.up_to, tier.price_amount) for tier in change.tiers] or before.tiers
    after = replace(before, tiers=tiers, **_known(changes))
    check_method(after.basis, after.tiers, min_days=after.min_days, max_days=after.max_days)
    if changes:
        await repository.change_method(uow.connection, method_id, changes)
    if change.tiers:
        await repository.put_tiers(uow.connection, method_id, tiers)
    return _shown(await _found(uow, zone_id, currency=currency))


def _known(changes: dict[str, Any]) -> dict[str, Any]:
    return {
        "free_above" if name == "free_above_amount" else name: value
        for name, value in changes.items()
    }


async def _locked(uow: UnitOfWork, zone_id: UUID, *, currency: str) -> Zone:
    await _own(uow, currency=currency)
    if not await repository.lock_zone(uow.connection, zone_id):
        raise ZoneNotFound
    return await _found(uow, zone_id, currency=currency)


async def _found(uow: UnitOfWork, zone_id: UUID, *, currency: str) -> Zone:
    found, _ = await read_zones(uow.connection, currency=currency)
    return next(zone for zone in found if zone.id == zone_id)


def _shown(zone: Zone, *, shipped: bool = False) -> ZoneView:
    return ZoneView(
        id=zone.id,
        name=zone.name,
        countries=sorted(zone.countries),
        postal_prefixes=list(zone.postal_prefixes),
        active=zone.active,
        built_in=shipped and zone.id == WORLD,
        methods=[_shown_method(method) for method in zone.methods],
    )


def _shown_method(method: Method) -> MethodView:
    return MethodView(
        id=method.id,
        name=method.name,
        carrier=method.carrier,
        basis=method.basis,
        currency=method.currency,
        tiers=[TierBody(up_to=tier.up_to, price_amount=tier.price) for tier in method.tiers],
        free_above_amount=method.free_above,
        min_days=method.min_days,
        max_days=method.max_days,
        position=method.position,
        active=method.active,
    )


class ShippingService:
    """Answers `bodega.contracts.shipping.Shipping`."""

    def __init__(self, context: Context) -> None:
        self._database = context.database
        self._currency = context.settings.currency
        self._kept = Kept[None, list[Zone]](context.settings.shipping_cache_seconds)

    async def options(self, parcel: Parcel) -> list[ShippingOption]:
        return options(await self._kept.get(None, self._zones), parcel)

    async def _zones(self) -> list[Zone]:
        async with self._database.reading() as connection:
            found, _ = await read_zones(connection, currency=self._currency)
        return found

    async def option(self, method_id: ShippingMethodId, parcel: Parcel) -> ShippingOption | None:
        offered = await self.options(parcel)
        return next((option for option in offered if option.method_id == method_id), None)


class DeliveryZonesService(Desk):
    """Answers `bodega.contracts.shipping.DeliveryZones`."""

    async def zones(self) -> list[ZoneView]:
        return await self._read(lambda uow: list_zones(uow, currency=self._settings.currency))

    async def create_zone(self, command: Command, new: NewZone) -> ZoneView:
        return await self._zone(
            command,
            "create_zone",
            lambda uow: create_zone(uow, new=new, currency=self._settings.currency),
        )

    async def change_zone(self, command: Command, zone_id: UUID, change: ZoneChange) -> ZoneView:
        return await self._zone(
            command,
            "change_zone",
            lambda uow: change_zone(
                uow, zone_id=zone_id, change=change, currency=self._settings.currency
            ),
        )

    async def create_method(self, command: Command, zone_id: UUID, new: NewMethod) -> ZoneView:
        return await self._zone(
            command,
            "create_method",
            lambda uow: create_method(
                uow, zone_id=zone_id, new=new, currency=self._settings.currency
            ),
        )

    async def change_method(
        self, command: Command, method_id: ShippingMethodId, change: MethodChange
    ) -> ZoneView:
        return await self._zone(
            command,
            "change_method",
            lambda uow: change_method(
                uow, method_id=method_id, change=change, currency=self._settings.currency
            ),
        )

    async def _zone(
        self, command: Command, name: str, work: Callable[[UnitOfWork], Awaitable[ZoneView]]
    ) -> ZoneView:
        return await self._once(command, f"shipping.{name}", ZoneView, work)

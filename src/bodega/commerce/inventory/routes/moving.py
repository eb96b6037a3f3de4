"""HTTP of transfers and counts."""

from fastapi import APIRouter, status

from bodega.backbone.http.deps import PageQuery, Staff, Work
from bodega.backbone.http.router import admin_router
from bodega.commerce.inventory.service import counts, transfers
from bodega.commerce.inventory.service.lists import list_counts, list_transfers
from bodega.contracts.stockroom import (
    Arrival,
    Counted,
    CountView,
    NewCount,
    NewTransfer,
    TransferView,
)
from bodega.kernel.clock import SystemClock
from bodega.kernel.ids import CountId, TransferId, VariantId
from bodega.kernel.page import Page

transfer_router = admin_router("inventory", "/stock-transfers")
count_router = admin_router("inventory", "/stock-counts")
_clock = SystemClock()


@transfer_router.get("")
async def get_transfers(who: Staff, uow: Work, page: PageQuery) -> Page[TransferView]:
    return await list_transfers(uow, page=page)


@transfer_router.get("/{transfer_id}")
async def get_transfer(who: Staff, uow: Work, transfer_id: TransferId) -> TransferView:
    return await transfers.known_transfer(uow, transfer_id)


@transfer_router.post("", status_code=status.HTTP_201_CREATED)
async def start_transfer(who: Staff, uow: Work, new: NewTransfer) -> TransferView:
    """Units leave the source at once."""
    return await transfers.start_transfer(uow, clock=_clock, new=new)


@transfer_router.post("/{transfer_id}/arrivals", status_code=status.HTTP_201_CREATED)
async def receive_transfer(
    who: Staff, uow: Work, transfer_id: TransferId, arrival: Arrival
) -> TransferView:
    """All of it, or a part."""
    return await transfers.receive_transfer(
        uow, clock=_clock, transfer_id=transfer_id, arrival=arrival
    )


@transfer_router.post("/{transfer_id}/close")
async def close_transfer(who: Staff, uow: Work, transfer_id: TransferId) -> TransferView:
    """What has not arrived is lost."""
    return await transfers.close_transfer(uow, clock=_clock, transfer_id=transfer_id)


@count_router.get("")
async def get_counts(who: Staff, uow: Work, page: PageQuery) -> Page[CountView]:
    return await list_counts(uow, page=page)


@count_router.get("/{count_id}")
async def get_count(who: Staff, uow: Work, count_id: CountId) -> CountView:
    return await counts.known_count(uow, count_id)


@count_router.post("", status_code=status.HTTP_201_CREATED)
async def open_count(who: Staff, uow: Work, new: NewCount) -> CountView:
    return await counts.open_count(uow, clock=_clock, new=new)


@count_router.put("/{count_id}/lines/{variant_id}")
async def put_counted(
    who: Staff, uow: Work, count_id: CountId, variant_id: VariantId, found: Counted
) -> CountView:
    """A recount takes the place of the first one."""
    return await counts.put_counted(
        uow, clock=_clock, count_id=count_id, variant_id=variant_id, counted=found.counted
    )


@count_router.post("/{count_id}/close")
async def close_count(who: Staff, uow: Work, count_id: CountId) -> CountView:
    """Post the differences."""
    return await counts.close_count(uow, clock=_clock, count_id=count_id)


@count_router.post("/{count_id}/cancel")
async def cancel_count(who: Staff, uow: Work, count_id: CountId) -> CountView:
    return await counts.cancel_count(uow, clock=_clock, count_id=count_id)


ROUTERS: list[APIRouter] = [transfer_router, count_router]

"""Transfers and cycle counts in the console."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from bodega.backbone.http.deps import PageQuery, provided
from bodega.contracts.catalog import Catalog
from bodega.contracts.inventory import Inventory
from bodega.contracts.stockroom import (
    Arrival,
    CountView,
    NewCount,
    NewTransfer,
    Stockroom,
    TransferView,
)
from bodega.kernel.errors import NotFound
from bodega.kernel.ids import CountId, LocationId, TransferId
from bodega.kernel.quantity import UnitsLine
from bodega.web.access import ConsoleStaff
from bodega.web.console.doing import Refused, Sent, StaffForm, attempt
from bodega.web.console.skus import ROWS, named_skus, names_of, sku_lines, units_lines
from bodega.web.forms import FieldOdd
from bodega.web.pages import redirect, render

transfers = APIRouter(prefix="/console/transfers", include_in_schema=False)
counts = APIRouter(prefix="/console/counts", include_in_schema=False)

MAX_NOTE = 500


@dataclass(frozen=True, slots=True)
class Floor:
    """Everyone the pages ask."""

    room: Annotated[Stockroom, provided(Stockroom)]
    stock: Annotated[Inventory, provided(Inventory)]
    goods: Annotated[Catalog, provided(Catalog)]


Asked = Annotated[Floor, Depends(Floor)]


@transfers.get("")
async def list_transfers(
    request: Request, who: ConsoleStaff, floor: Asked, page: PageQuery
) -> Response:
    found = await floor.room.transfers(page)
    return render(request, "console/transfers.html", found=found)


@transfers.get("/new")
async def show_new_transfer(
    request: Request,
    who: ConsoleStaff,
    floor: Asked,
    sku: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    return await _new_transfer(request, floor, {"sku-0": sku})


@transfers.post("")
async def start_transfer(request: Request, sent: Sent, floor: Asked) -> Response:
    async def start() -> TransferView:
        new = NewTransfer(
            source_id=LocationId(sent.form.uuid("source_id")),
            destination_id=LocationId(sent.form.uuid("destination_id")),
            lines=[
                UnitsLine(variant_id=line.variant.id, quantity=line.units)
                for line in await sku_lines(floor.goods, sent.form)
            ],
            note=sent.form.text("note")[:MAX_NOTE],
        )
        return await floor.room.start_transfer(sent.command("transfer"), new)

    started = await attempt(start)
    if isinstance(started, Refused):
        return await _new_transfer(request, floor, sent.form.typed(), started)
    return redirect(request, f"/console/transfers/{started.id}", flash="transfer-sent")


@transfers.get("/{transfer_id}")
async def show_transfer(
    request: Request, who: ConsoleStaff, floor: Asked, transfer_id: TransferId
) -> Response:
    return await _transfer(request, floor, transfer_id)


@transfers.post("/{transfer_id}/arrivals")
async def receive(request: Request, sent: Sent, floor: Asked, transfer_id: TransferId) -> Response:
    async def arrive() -> TransferView:
        arrival = Arrival(lines=units_lines(sent.form))
        return await floor.room.receive_transfer(sent.command("arrive"), transfer_id, arrival)

    return await _transferred(request, floor, transfer_id, arrive)


@transfers.post("/{transfer_id}/close")
async def close_transfer(
    request: Request, sent: Sent, floor: Asked, transfer_id: TransferId
) -> Response:
    async def close() -> TransferView:
        return await floor.room.close_transfer(sent.command("close"), transfer_id)

    return await _transferred(request, floor, transfer_id, close)


async def _transferred(
    request: Request,
    floor: Floor,
    transfer_id: TransferId,
    perform: Callable[[], Awaitable[TransferView]],
) -> Response:
    done = await attempt(perform)
    if isinstance(done, Refused):
        return await _transfer(request, floor, transfer_id, done)
    return redirect(request, f"/console/transfers/{transfer_id}", flash="saved-now")


async def _new_transfer(
    request: Request, floor: Floor, entered: Mapping[str, str], refused: Refused | None = None
) -> Response:
    return render(
        request,
        "console/transfer_new.html",
        status=refused.status if refused else 200,
        places=[place for place in await floor.stock.locations() if place.active],
        entered=entered,
        rows=ROWS,
        refused=refused,
    )


async def _transfer(
    request: Request, floor: Floor, transfer_id: TransferId, refused: Refused | None = None
) -> Response:
    found = await floor.room.transfer(transfer_id)
    return render(
        request,
        "console/transfer.html",
        status=refused.status if refused else 200,
        transfer=found,
        named=await names_of(floor.goods, [line.variant_id for line in found.lines]),
        refused=refused,
    )


@counts.get("")
async def list_counts(
    request: Request, who: ConsoleStaff, floor: Asked, page: PageQuery
) -> Response:
    return render(
        request,
        "console/counts.html",
        found=await floor.room.counts(page),
        places=await floor.stock.locations(),
    )


@counts.post("")
async def open_count(request: Request, sent: Sent, floor: Asked) -> Response:
    new = NewCount(
        location_id=LocationId(sent.form.uuid("location_id")),
        note=sent.form.text("note")[:MAX_NOTE],
    )

    async def begin() -> CountView:
        return await floor.room.open_count(sent.command("count"), new)

    begun = await attempt(begin)
    if isinstance(begun, Refused):
        raise NotFound(begun.detail)
    return redirect(request, f"/console/counts/{begun.id}")


@counts.get("/{count_id}")
async def show_count(
    request: Request, who: ConsoleStaff, floor: Asked, count_id: CountId
) -> Response:
    return await _count(request, floor, count_id)


@counts.post("/{count_id}/lines")
async def put_counted(request: Request, sent: Sent, floor: Asked, count_id: CountId) -> Response:
    """One variant at a time, as a person walks along a shelf."""

    async def put() -> CountView:
        variants = await named_skus(floor.goods, sent.form, "sku")
        counted = sent.form.whole("counted")
        if len(variants) != 1:
            raise FieldOdd("sku", "Name one SKU")
        if counted is None or counted < 0:
            raise FieldOdd("counted", "Enter how many units there are, 0 for none")
        return await floor.room.put_counted(
            sent.command("counted"), count_id, variants[0].id, counted
        )

    return await _counted(request, floor, count_id, sent, put)


@counts.post("/{count_id}/close")
async def close_count(request: Request, sent: Sent, floor: Asked, count_id: CountId) -> Response:
    async def close() -> CountView:
        return await floor.room.close_count(sent.command("close"), count_id)

    return await _counted(request, floor, count_id, sent, close)


@counts.post("/{count_id}/cancel")
async def cancel_count(request: Request, sent: Sent, floor: Asked, count_id: CountId) -> Response:
    async def cancel() -> CountView:
        return await floor.room.cancel_count(sent.command("cancel"), count_id)

    return await _counted(request, floor, count_id, sent, cancel)


async def _counted(
    request: Request,
    floor: Floor,
    count_id: CountId,
    sent: StaffForm,
    perform: Callable[[], Awaitable[CountView]],
) -> Response:
    done = await attempt(perform)
    if isinstance(done, Refused):
        return await _count(request, floor, count_id, sent.form.typed(), done)
    return redirect(request, f"/console/counts/{count_id}", flash="saved-now")


async def _count(
    request: Request,
    floor: Floor,
    count_id: CountId,
    entered: Mapping[str, str] | None = None,
    refused: Refused | None = None,
) -> Response:
    found = await floor.room.count(count_id)
    return render(
        request,
        "console/count.html",
        status=refused.status if refused else 200,
        count=found,
        named=await names_of(floor.goods, [line.variant_id for line in found.lines]),
        entered=entered or {},
        refused=refused,
    )

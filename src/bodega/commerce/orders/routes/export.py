"""All orders that match a search, as a stream that never grows in memory."""

from typing import Annotated

from fastapi import Query
from fastapi.responses import StreamingResponse

from bodega.backbone.http.deps import Staff
from bodega.backbone.http.router import admin_router
from bodega.backbone.http.streams import begun
from bodega.commerce.orders.routes.orders import AllOrders
from bodega.commerce.orders.schemas import OrderExport

staff = admin_router("orders", "/order-export")
_MEDIA = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}


@staff.get("", response_class=StreamingResponse)
async def export_orders(
    who: Staff,
    orders: AllOrders,
    search: Annotated[OrderExport, Query()],
) -> StreamingResponse:
    """CSV has a row a line of an order, NDJSON an order a line."""
    name = f"orders.{search.format}"
    return StreamingResponse(
        await begun(orders.export(search, format=search.format)),
        media_type=_MEDIA[search.format],
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )

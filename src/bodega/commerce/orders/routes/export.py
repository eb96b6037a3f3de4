"""All orders that match a search, as a stream that never grows in memory."""

from typing import Annotated, Literal

from fastapi import Query
from fastapi.responses import StreamingResponse

from bodega.backbone.http.deps import Staff
from bodega.backbone.http.router import admin_router
from bodega.commerce.orders.routes.orders import AllOrders
from bodega.contracts.orders import OrderSearch

staff = admin_router("orders", "/order-export")
_MEDIA = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}


@staff.get("", response_class=StreamingResponse)
async def export_orders(
    who: Staff,
    orders: AllOrders,
    search: Annotated[OrderSearch, Query()],
    format: Literal["csv", "ndjson"] = "csv",
) -> StreamingResponse:
    """CSV has a row a line of an order, NDJSON an order a line."""
    name = f"orders.{format}"
    return StreamingResponse(
        orders.export(search, format=format),
        media_type=_MEDIA[format],
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )

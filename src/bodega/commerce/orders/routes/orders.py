"""Orders, their history and their papers."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query, Response

from bodega.backbone.http.deps import PageQuery, SignedIn, Staff, provided
from bodega.backbone.http.router import admin_router, api_router
from bodega.commerce.orders.errors import DocumentNotFound, OrderNotFound
from bodega.commerce.orders.schemas import OrderQuery
from bodega.contracts.aftersales import AfterSales, DocumentView, ShipmentView
from bodega.contracts.orders import OrderChange, Orders, OrderView
from bodega.kernel.ids import DocumentId, OrderId, UserId
from bodega.kernel.page import Page

router = api_router("orders", "/orders")
staff = admin_router("orders", "/orders")

AllOrders = Annotated[Orders, provided(Orders)]
After = Annotated[AfterSales, provided(AfterSales)]


@router.get("")
async def list_own_orders(who: SignedIn, orders: AllOrders, page: PageQuery) -> Page[OrderView]:
    """The caller's orders, newest first."""
    assert who.id is not None
    return await orders.of_customer(UserId(who.id), page)


@router.get("/{order_id}")
async def get_own_order(who: SignedIn, orders: AllOrders, order_id: OrderId) -> OrderView:
    """One of the caller's orders; somebody else's is as good as none."""
    order = await orders.order(order_id)
    if order is None or order.customer_id != who.id:
        raise OrderNotFound
    return order


@router.get("/{order_id}/shipments")
async def list_own_shipments(
    who: SignedIn, orders: AllOrders, after: After, order_id: OrderId
) -> list[ShipmentView]:
    await get_own_order(who, orders, order_id)
    return await after.shipments(order_id)


@router.get("/{order_id}/documents")
async def list_own_documents(
    who: SignedIn, orders: AllOrders, after: After, order_id: OrderId
) -> Sequence[DocumentView]:
    """Invoices and credit notes."""
    await get_own_order(who, orders, order_id)
    return await after.documents(order_id)


@router.get("/{order_id}/documents/{document_id}", response_class=Response)
async def get_own_document(
    who: SignedIn, orders: AllOrders, after: After, order_id: OrderId, document_id: DocumentId
) -> Response:
    """The paper as PDF."""
    await get_own_order(who, orders, order_id)
    return paper_of(await after.paper(order_id, document_id))


@staff.get("")
async def list_orders(
    who: Staff, orders: AllOrders, page: PageQuery, search: Annotated[OrderQuery, Query()]
) -> Page[OrderView]:
    """Everybody's orders, newest first."""
    return await orders.search(page, search)


@staff.get("/{order_id}")
async def get_order(who: Staff, orders: AllOrders, order_id: OrderId) -> OrderView:
    order = await orders.order(order_id)
    if order is None:
        raise OrderNotFound
    return order


def paper_of(pdf: bytes | None) -> Response:
    if pdf is None:
        raise DocumentNotFound
    return Response(pdf, media_type="application/pdf")


@staff.get("/{order_id}/shipments")
async def list_shipments(who: Staff, after: After, order_id: OrderId) -> list[ShipmentView]:
    return await after.shipments(order_id)


@staff.get("/{order_id}/documents")
async def list_documents(who: Staff, after: After, order_id: OrderId) -> Sequence[DocumentView]:
    return await after.documents(order_id)


@staff.get("/{order_id}/documents/{document_id}", response_class=Response)
async def get_document(
    who: Staff, after: After, order_id: OrderId, document_id: DocumentId
) -> Response:
    """The paper as PDF."""
    return paper_of(await after.paper(order_id, document_id))


@staff.get("/{order_id}/history")
async def get_history(who: Staff, orders: AllOrders, order_id: OrderId) -> list[OrderChange]:
    """What happened, when, by whom and why, oldest first."""
    if await orders.order(order_id) is None:
        raise OrderNotFound
    return await orders.history(order_id)

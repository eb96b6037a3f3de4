"""The desk over HTTP, with the shop's own stock: customers their own, staff everything."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from bodega.backbone.module import Context
from bodega.commerce.orders.errors import every_error
from bodega.contracts.inventory import Inventory, ReservationLine
from bodega.contracts.orders import Orders, PlaceOrder
from bodega.kernel.ids import CommandId, UserId, new_id
from tests.commerce.orders.conftest import captured
from tests.commerce.orders.goods import line, wanted
from tests.commerce.orders.test_domain import DOCS
from tests.kit.doors import Doors, key
from tests.kit.goods import stocked


async def bought_by(context: Context, who: httpx.AsyncClient) -> str:
    """An order as the checkout makes it: stock promised, placed, captured."""
    variant = await stocked(context, 5)
    me = UserId(UUID((await who.get("/api/v1/me")).json()["id"]))
    request: PlaceOrder = wanted(line(2).model_copy(update={"variant_id": variant}), customer=me)
    stock = context.container.get(Inventory)
    await stock.reserve(
        command_id=CommandId(new_id()),
        checkout_id=request.checkout_id,
        lines=[ReservationLine(variant_id=variant, quantity=2)],
    )
    assert await stock.allocate(command_id=CommandId(new_id()), checkout_id=request.checkout_id)
    placed = await context.container.get(Orders).place(
        command_id=CommandId(new_id()), request=request
    )
    await captured(context, request)
    return str(placed.order_id)


async def post(who: httpx.AsyncClient, path: str, body: Any) -> httpx.Response:
    return await who.post(f"/api/v1{path}", json=body, headers=key())


async def test_an_order_goes_out_and_comes_back_over_http(doors: Doors, context: Context) -> None:
    ada, staff = await doors.customer(), await doors.staff(await doors.admin())
    order_id = await bought_by(context, ada)
    order = (await ada.get(f"/api/v1/orders/{order_id}")).json()
    assert order["status"] == "allocated"
    sent = await post(staff, f"/admin/orders/{order_id}/shipments", {"carrier": "DHL"})
    assert (sent.status_code, sent.json()["state"]) == (201, "done")
    assert (await staff.get(sent.headers["location"])).json() == sent.json()
    [shipment] = (await ada.get(f"/api/v1/orders/{order_id}/shipments")).json()
    assert (shipment["id"], shipment["carrier"]) == (sent.json()["reference"], "DHL")
    told = await post(staff, f"/admin/shipments/{shipment['id']}/events", {"step": "delivered"})
    assert told.json()["step"] == "delivered"
    wish = {"line_id": order["lines"][0]["id"], "quantity": 1, "reason": "broken"}
    asked = await post(ada, f"/orders/{order_id}/returns", {"lines": [wish]})
    assert (asked.status_code, asked.json()["status"]) == (201, "requested")
    at = f"/admin/returns/{asked.json()['id']}"
    assert (await post(staff, f"{at}/decision", {"approve": True})).json()["status"] == "approved"
    assert (await post(staff, f"{at}/receipt", {})).json()["status"] == "received"
    history = (await staff.get(f"/api/v1/admin/orders/{order_id}/history")).json()
    assert [entry["kind"] for entry in history][-3:] == [
        "return_requested",
        "return_approved",
        "return_received",
    ]
    listed = await staff.get("/api/v1/admin/returns?status=received")
    assert [item["number"] for item in listed.json()["items"]] == [1]


async def test_papers_are_for_their_owner_and_staff(doors: Doors, context: Context) -> None:
    ada, eve = await doors.customer(), await doors.customer()
    staff = await doors.staff(await doors.admin())
    order_id = await bought_by(context, ada)
    [paper] = (await ada.get(f"/api/v1/orders/{order_id}/documents")).json()
    at = f"/orders/{order_id}/documents/{paper['id']}"
    pdf = await ada.get(f"/api/v1{at}")
    assert (pdf.headers["content-type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    assert (await staff.get(f"/api/v1/admin{at}")).content == pdf.content
    for path in (at, f"/orders/{order_id}/documents", f"/orders/{order_id}/shipments"):
        assert (await eve.get(f"/api/v1{path}")).json()["code"] == "order_not_found"
    lost = await ada.get(f"/api/v1/orders/{order_id}/documents/{new_id()}")
    assert (lost.status_code, lost.json()["code"]) == (404, "document_not_found")


async def test_nobody_touches_anothers_order(doors: Doors, context: Context) -> None:
    ada, eve = await doors.customer(), await doors.customer()
    order_id = await bought_by(context, ada)
    cancel = await post(eve, f"/orders/{order_id}/cancellation", {"reason": "mine"})
    assert cancel.json()["code"] == "order_not_found"
    wish = {"line_id": str(new_id()), "quantity": 1, "reason": "x"}
    asked = await post(eve, f"/orders/{order_id}/returns", {"lines": [wish]})
    assert asked.json()["code"] == "order_not_found"
    gone = await post(eve, f"/orders/{order_id}/returns/{new_id()}/withdrawal", {})
    assert gone.json()["code"] == "return_not_found"


async def test_bad_requests_are_told_so(doors: Doors, context: Context) -> None:
    staff = await doors.staff(await doors.admin())
    order_id = await bought_by(context, await doors.customer())
    at = f"/admin/orders/{order_id}"
    cases: list[tuple[str, Any, int]] = [
        (f"{at}/refunds", {"lines": [], "reason": "x"}, 422),
        (f"{at}/edits", {"reason": ""}, 422),
        (f"{at}/edits", {"reason": "x"}, 400),
        (f"{at}/shipments", {"location_id": str(new_id())}, 409),
        (f"/admin/orders/{new_id()}/cancellation", {"reason": "x"}, 404),
        (f"/admin/returns/{new_id()}/settlement", {"lines": [{"line_id": str(new_id())}]}, 404),
    ]
    for path, body, status in cases:
        answer = await post(staff, path, body)
        assert answer.status_code == status, answer.text
    lost = await staff.get(f"/api/v1{at}/operations/{new_id()}")
    assert lost.json()["code"] == "operation_not_found"
    assert (await staff.get(f"/api/v1/admin/returns/{new_id()}")).status_code == 404


@pytest.mark.parametrize("code", sorted(every_error()))
def test_the_documents_name_every_error(code: str) -> None:
    assert f"`{code}`" in DOCS.read_text()

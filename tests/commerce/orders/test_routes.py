"""Orders over HTTP: everybody their own, staff all."""

from uuid import UUID

import httpx
import pytest

from bodega.backbone.module import Context
from bodega.contracts.orders import Orders
from bodega.kernel.ids import CommandId, UserId, new_id
from tests.commerce.orders.goods import wanted
from tests.kit.doors import Doors


async def bought_by(context: Context, who: httpx.AsyncClient) -> str:
    me = UserId(UUID((await who.get("/api/v1/me")).json()["id"]))
    placed = await context.container.get(Orders).place(
        command_id=CommandId(new_id()), request=wanted(customer=me)
    )
    return str(placed.order_id)


async def test_customers_see_their_own_orders_only(doors: Doors, context: Context) -> None:
    ada, eve = await doors.customer(), await doors.customer()
    order_id = await bought_by(context, ada)
    assert [item["id"] for item in (await ada.get("/api/v1/orders")).json()["items"]] == [order_id]
    assert (await ada.get(f"/api/v1/orders/{order_id}")).json()["number"] == 1001
    assert (await eve.get("/api/v1/orders")).json()["items"] == []
    stolen = await eve.get(f"/api/v1/orders/{order_id}")
    assert (stolen.status_code, stolen.json()["code"]) == (404, "order_not_found")


async def test_staff_see_everybodys_by_status(doors: Doors, context: Context) -> None:
    staff = await doors.staff(await doors.admin())
    order_id = await bought_by(context, await doors.customer())
    assert (await staff.get(f"/api/v1/admin/orders/{order_id}")).json()["id"] == order_id
    for status, count in (("pending", 1), ("paid", 0)):
        found = await staff.get("/api/v1/admin/orders", params={"status": status})
        assert len(found.json()["items"]) == count
    assert (await staff.get(f"/api/v1/admin/orders/{new_id()}")).status_code == 404
    assert (await staff.get("/api/v1/admin/orders?status=lost")).status_code == 422


@pytest.mark.parametrize("path", ["/api/v1/orders", "/api/v1/admin/orders"])
async def test_guests_see_none(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 401


async def test_customers_are_no_staff(doors: Doors) -> None:
    assert (await (await doors.customer()).get("/api/v1/admin/orders")).status_code == 403

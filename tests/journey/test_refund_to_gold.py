"""A sale with a coupon and tax, partly given back: the same cents in the shop, the lake and the
console."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from bodega.data.lake.query import query
from tests.kit.buyer import Buyer, product_with_stock, sign_in_to_console, staff_client
from tests.kit.doors import key
from tests.kit.tree import GOLD_SECONDS, Tree, eventually

pytestmark = pytest.mark.journey
PRICE, UNITS, BACK = 2000, 2, 500
ORDER = """SELECT total_amount, discount_amount, tax_amount, shipping_amount, credited_amount,
    refunded_amount, net_amount FROM gold.fct_orders WHERE order_id = '{order}'"""
LINES = """SELECT kind, quantity, total_amount, discount_amount, tax_amount
    FROM gold.fct_order_lines WHERE order_id = '{order}' ORDER BY is_return, kind"""
PAYMENT = """SELECT p.status, p.amount_amount, p.refunded_amount
    FROM gold.fct_payments p JOIN gold.fct_orders o ON o.checkout_id = p.checkout_id
    WHERE o.order_id = '{order}'"""
DAY = "SELECT gross_amount, returns_amount, net_amount FROM gold.mart_daily_sales WHERE date = '{}'"


async def made(staff: httpx.AsyncClient, path: str, body: Any) -> Any:
    answer = await staff.post(f"/api/v1/admin{path}", json=body, headers=key())
    assert answer.status_code == 201, answer.text
    return answer.json()


async def sell_and_give_back(shop: Tree) -> dict[str, Any]:
    """The order as the shop shows it in the end."""
    async with (
        staff_client(shop.url, shop.password) as staff,
        httpx.AsyncClient(base_url=shop.url, timeout=30) as client,
    ):
        variant = await product_with_stock(staff, 10, PRICE)
        tenth = {"title": "Hello", "kind": "percentage", "percent": 10, "total_limit": 5}
        promotion = await made(staff, "/promotions", tenth)
        code = f"HELLO-{uuid4().hex[:8].upper()}"
        await made(staff, f"/promotions/{promotion['id']}/coupons", {"codes": [code]})
        buyer = Buyer(client, patience=60)
        cart = await buyer.fill_cart(variant, UNITS)
        (await buyer.ask("PUT", f"/carts/{cart}/coupons/{code}")).raise_for_status()
        bought = await buyer.check_out(cart)
        assert bought.status_code == 201, bought.text
        path = f"/api/v1/admin/orders/{bought.json()['order_id']}"
        for _ in range(300):
            order = (await staff.get(path)).json()
            if order["status"] != "pending":
                break
            await asyncio.sleep(0.2)
        goods = next(line for line in order["lines"] if line["kind"] == "product")
        back = {"line_id": goods["id"], "amount": goods["total"] | {"amount": BACK}}
        await made(staff, f"/orders/{order['id']}/refunds", {"reason": "dented", "lines": [back]})
        shown: dict[str, Any] = (await staff.get(path)).json()
        return shown


async def tiles(shop: Tree) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=shop.url, timeout=30) as client:
        await sign_in_to_console(client, "admin@bodega.local", shop.password)
        told: dict[str, Any] = (await client.get("/console/overview.json")).json()
        return told


def test_what_was_given_back_is_given_back_in_the_numbers(shop: Tree) -> None:
    assert eventually(shop.well, seconds=60)
    lake = shop.data_dir / "lake"
    order = asyncio.run(sell_and_give_back(shop))
    total, off = order["total"]["amount"], PRICE * UNITS // 10
    goods = next(line for line in order["lines"] if line["kind"] == "product")
    sending = next(line for line in order["lines"] if line["kind"] == "shipping")
    assert goods["total"]["amount"] == PRICE * UNITS - off
    assert goods["tax"]["amount"] > 0

    def rows(sql: str) -> list[tuple[Any, ...]]:
        return query(lake, sql.format(order=order["id"])).rows

    tax, shipping = order["tax"]["amount"], sending["total"]["amount"]
    whole = [(total, off, tax, shipping, BACK, BACK, total - BACK)]
    assert eventually(lambda: rows(ORDER) == whole, seconds=GOLD_SECONDS), rows(ORDER)
    sending_tax = (sending["tax"] or {"amount": None})["amount"]
    assert rows(LINES) == [
        ("product", UNITS, goods["total"]["amount"], off, goods["tax"]["amount"]),
        ("shipping", 1, shipping, 0, sending_tax),
        ("adjustment", -1, -BACK, 0, None),
    ]
    paid = [("captured", total, BACK)]
    assert eventually(lambda: rows(PAYMENT) == paid, seconds=GOLD_SECONDS), rows(PAYMENT)
    [(gross, returned, net)] = rows(DAY.format(datetime.now(UTC).date()))
    assert net == gross - returned
    assert returned >= BACK
    said = f"{net // 100:,}.{net % 100:02}"
    assert eventually(lambda: said in str(asyncio.run(tiles(shop))), seconds=20)

"""Two hundred buyers, fifty units, two API processes: fifty orders and not one more."""

import asyncio
import os
from collections import Counter

import httpx
import pytest

from tests.kit.buyer import Buyer, product_with_stock, staff_client
from tests.kit.tree import Tree, eventually

pytestmark = pytest.mark.journey
BUYERS = 2000 if os.environ.get("BODEGA_SOAK") else 200
STOCK = BUYERS // 4
SENDING = 490  # the standard way, for a small order

ORDERS = """SELECT count(DISTINCT o.id), coalesce(sum(l.quantity), 0)::int,
                   coalesce(sum(l.total_amount), 0)::bigint
            FROM orders.orders o JOIN orders.order_lines l ON l.order_id = o.id
            WHERE l.variant_id = '{variant}' AND o.status <> 'cancelled'"""
MONEY = """SELECT p.status, count(*), sum(p.amount_amount)::bigint FROM payments.payments p
           JOIN orders.orders o ON o.checkout_id = p.checkout_id
           JOIN orders.order_lines l ON l.order_id = o.id AND l.variant_id = '{variant}'
           GROUP BY 1"""
HELD = (
    "SELECT count(*) FROM inventory.reservations WHERE status = 'held' AND variant_id = '{variant}'"
)
LEFT = """SELECT sum(on_hand)::int, sum(allocated)::int, sum(on_hand - allocated)::int
          FROM inventory.levels WHERE variant_id = '{variant}'"""
MOVED = """SELECT sum(quantity)::int, sum(promised)::int FROM inventory.movements
           WHERE variant_id = '{variant}'"""
UNFINISHED = "SELECT count(*) FROM checkout.checkouts WHERE state IN ('running', 'undoing')"


async def rush(url: str, password: str) -> tuple[str, Counter[int]]:
    async with staff_client(url, password) as staff:
        variant = await product_with_stock(staff, STOCK)
    limits = httpx.Limits(max_connections=100)
    timeout = httpx.Timeout(120, pool=None)  # in line for a connection as long as it takes
    async with httpx.AsyncClient(base_url=url, timeout=timeout, limits=limits) as client:
        buyers = [Buyer(client, email=f"buyer{n}@example.com", patience=90) for n in range(BUYERS)]
        carts = await asyncio.gather(*(buyer.fill_cart(variant) for buyer in buyers))
        pairs = zip(buyers, carts, strict=True)
        answers = await asyncio.gather(*(buyer.check_out(cart) for buyer, cart in pairs))
    return variant, Counter(answer.status_code for answer in answers)


def test_stock_is_never_oversold(shop: Tree) -> None:
    variant, answers = asyncio.run(rush(shop.url, shop.password))
    assert answers == {201: STOCK, 409: BUYERS - STOCK}

    def ask(sql: str) -> list[tuple[object, ...]]:
        return shop.database(sql.format(variant=variant))

    assert eventually(lambda: ask(UNFINISHED) == [(0,)])
    assert ask(ORDERS) == [(STOCK, STOCK, STOCK * 599)]
    assert ask(MONEY) == [("captured", STOCK, STOCK * (599 + SENDING))]
    assert ask(HELD) == [(0,)]
    assert ask(LEFT) == [(STOCK, STOCK, 0)]
    assert ask(MOVED) == [(STOCK, STOCK)]

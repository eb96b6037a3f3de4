"""Ages of sales in published gold while orders come at a rate: parallel buyers, over HTTP.

Arrivals are drawn at random around the rate, and wait for nobody; carts are filled before. What the
machine does not manage shows as a lower rate, which is printed beside the ages.
"""

import asyncio
import random
import statistics
import time
from dataclasses import dataclass, field

import duckdb
import httpx

from bodega.data.lake.published import read_published, stamp
from bodega.data.lake.query import open_gold
from tests.kit.buyer import Buyer, product_with_stock, staff_client
from tests.kit.tree import Tree

PATIENCE_SECONDS = 180
LOOK_SECONDS = 0.1


@dataclass
class Sales:
    """When each order was answered for, and when a reader of gold first saw it."""

    placed: dict[int, float] = field(default_factory=dict)
    seen: dict[int, float] = field(default_factory=dict)
    refused: int = 0
    selling: float = 0.0
    over: bool = False

    @property
    def ages(self) -> list[float]:
        return [max(0.0, self.seen[n] - at) for n, at in self.placed.items() if n in self.seen]


async def under_load(shop: Tree, *, per_minute: int, minutes: float) -> Sales:
    orders = max(1, round(per_minute * minutes))
    sales = Sales()
    async with staff_client(shop.url, shop.password) as staff:
        variant = await product_with_stock(staff, orders)
    limits = httpx.Limits(max_connections=60)
    async with httpx.AsyncClient(base_url=shop.url, timeout=60, limits=limits) as client:
        carts = [await Buyer(client).fill_cart(variant) for _ in range(orders)]
        watching = asyncio.create_task(asyncio.to_thread(watch, shop, sales))
        await sell(client, carts, sales, mean_seconds=60 / per_minute)
        await watching
    return sales


async def sell(
    client: httpx.AsyncClient, carts: list[str], sales: Sales, *, mean_seconds: float
) -> None:
    began = time.perf_counter()
    due = began

    async def one(cart: str) -> None:
        buyer = Buyer(client)
        buyer.email = f"{cart}@example.com"  # one address buying so often is held for review
        answer = await buyer.check_out(cart)
        if answer.status_code == 201 and "order_number" in answer.json():
            sales.placed[answer.json()["order_number"]] = time.perf_counter()
        else:
            sales.refused += 1

    async with asyncio.TaskGroup() as buyers:
        for cart in carts:
            buyers.create_task(one(cart))
            due += random.expovariate(1 / mean_seconds)
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
    sales.selling = time.perf_counter() - began
    sales.over = True


def watch(shop: Tree, sales: Sales) -> None:
    """Look at gold whenever it is published, until every order is there."""
    lake, last, highest = shop.data_dir / "lake", (0, 0), 0
    with open_gold(lake) as con:
        row = con.execute("select coalesce(max(number), 0) from gold.fct_orders").fetchone()
        highest = int(row[0]) if row else 0
    until = 0.0
    while not sales.over or sales.placed.keys() - sales.seen.keys():
        if sales.over:
            until = until or time.perf_counter() + PATIENCE_SECONDS
            if time.perf_counter() > until:
                return
        if (now := stamp(lake)) != last:
            last = now
            for number in _numbers(shop, highest):
                sales.seen.setdefault(number, time.perf_counter())
        time.sleep(LOOK_SECONDS)


def _numbers(shop: Tree, above: int) -> list[int]:
    lake = shop.data_dir / "lake"
    try:
        with open_gold(lake, read_published(lake)) as con:
            rows = con.execute("select number from gold.fct_orders where number > ?", [above])
            return [number for (number,) in rows.fetchall()]
    except duckdb.Error:  # published anew meanwhile: the next look sees it
        return []


def report(sales: Sales, *, per_minute: int) -> str:
    ages = sales.ages
    reached = 60 * len(sales.placed) / sales.selling if sales.selling else 0.0
    lost = len(sales.placed) - len(ages)
    cuts = statistics.quantiles(ages, n=20) if len(ages) > 1 else ages * 19
    return (
        f"sale → gold   p50 {statistics.median(ages):.2f} s   p95 {cuts[-1]:.2f} s   of {len(ages)}"
        f" sales over HTTP, {reached:.0f} a minute (asked: {per_minute})"
        + (f"; {sales.refused} refused or held" if sales.refused else "")
        + (f"; {lost} not seen within {PATIENCE_SECONDS} s" if lost else "")
    )

"""Sale → gold: seconds from the answer "order placed" until a reader of published gold sees it.

Orders come one at a time at random moments, so that flush and transform are met at every phase.
The floor is the flush interval's mean wait (half of BODEGA_LAKE_FLUSH_SECONDS).

    python -m benchmarks freshness
    python -m benchmarks.freshness --per-minute 1000 --minutes 3   # at a rate: parallel buyers
"""

import argparse
import asyncio
import random
import statistics
import time

import httpx

from benchmarks.freshness_under_load import report, under_load
from benchmarks.shop import open_shop
from tests.kit.buyer import Buyer, product_with_stock, sign_in_to_console, staff_client
from tests.kit.tree import Tree


async def ages(shop: Tree, sales: int) -> list[float]:
    seen: list[float] = []
    async with staff_client(shop.url, shop.password) as staff:
        variant = await product_with_stock(staff, sales)
        async with httpx.AsyncClient(base_url=shop.url, timeout=60) as client:
            await sign_in_to_console(client, "admin@bodega.local", shop.password)
            buyer = Buyer(httpx.AsyncClient(base_url=shop.url, timeout=60))
            for _ in range(sales):
                answer = await buyer.buy(variant)
                order = answer.json()["order_number"]
                seen.append(await until_shown(client, order))
                print(f"  order {order} in the console after {seen[-1]:.2f} s", flush=True)
                await asyncio.sleep(random.uniform(0, 4))
    return seen


async def until_shown(client: httpx.AsyncClient, order: int) -> float:
    """Seconds until the console's latest orders, read from gold, show the number."""
    started = time.perf_counter()
    while True:
        overview = await client.get("/console/overview.json")
        latest = overview.json().get("latest_orders") or []
        if any(row["number"] == order for row in latest):
            return time.perf_counter() - started
        if time.perf_counter() - started > 120:
            raise TimeoutError(f"order {order} never reached the console")
        await asyncio.sleep(0.1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sales", type=int, default=15)
    parser.add_argument("--per-minute", type=int, help="orders a minute, over HTTP")
    parser.add_argument("--minutes", type=float, default=3.0, help="how long they come")
    options = parser.parse_args()
    with open_shop() as shop:
        if options.per_minute:
            asked = {"per_minute": options.per_minute, "minutes": options.minutes}
            print(report(asyncio.run(under_load(shop, **asked)), per_minute=options.per_minute))
            return
        seen = asyncio.run(ages(shop, options.sales))
    p95 = statistics.quantiles(seen, n=20)[-1]
    print(
        f"sale → console   p50 {statistics.median(seen):.2f} s   p95 {p95:.2f} s   "
        f"x{statistics.median(seen) / 2.5:.2f} of the mean flush wait (2.5 s)"
    )


if __name__ == "__main__":
    main()

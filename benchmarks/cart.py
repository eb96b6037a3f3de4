"""Cart updates over HTTP: latency of setting a line's quantity, against one bare durable commit.

Each client has a cart of three lines and sets one line after another to another quantity, with the
ETag it was told: the answer carries prices, stock, promotions, taxes and delivery of the whole
cart. The reference is one durable one-row commit at a time from as many connections. The load
generator and the shop's other processes share the cores.

    python -m benchmarks cart
"""

import argparse
import asyncio
import json
import statistics
import time

import httpx
import psycopg

from benchmarks.shop import open_shop
from tests.kit.buyer import Buyer, product_with_stock, staff_client
from tests.kit.tree import Tree

LINES = 3
AIM_MS = 15


def quantiles(took: list[float]) -> tuple[float, float]:
    """p50 and p95 in milliseconds."""
    cuts = statistics.quantiles(took, n=20)
    return statistics.median(took) * 1000, cuts[-1] * 1000


async def commits(dsn: str, clients: int, seconds: float) -> list[float]:
    """Seconds of each durable commit from `clients` connections."""
    until = time.perf_counter() + seconds
    took: list[float] = []

    async def one() -> None:
        connection = await psycopg.AsyncConnection.connect(dsn, autocommit=True)
        async with connection:
            while time.perf_counter() < until:
                begin = time.perf_counter()
                await connection.execute("INSERT INTO bench_commits DEFAULT VALUES")
                took.append(time.perf_counter() - begin)

    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        await connection.execute("CREATE TABLE IF NOT EXISTS bench_commits (id bigserial)")
    await asyncio.gather(*(one() for _ in range(clients)))
    return took


async def updates(shop: Tree, variants: list[str], clients: int, seconds: float) -> list[float]:
    """Seconds of each update; carts are filled beforehand, outside the clock."""
    took: list[float] = []
    limits = httpx.Limits(max_connections=clients + 5)
    async with httpx.AsyncClient(base_url=shop.url, timeout=60, limits=limits) as client:
        carts = [await filled(Buyer(client), variants) for _ in range(clients)]
        until = time.perf_counter() + seconds

        async def one(address: str) -> None:
            etag = (await client.get(address)).headers["etag"]
            turn = 0
            while time.perf_counter() < until:
                turn += 1
                line = f"{address}/lines/{variants[turn % LINES]}"
                begin = time.perf_counter()
                answer = await client.put(
                    line, json={"quantity": 1 + turn % 7}, headers={"if-match": etag}
                )
                took.append(time.perf_counter() - begin)
                answer.raise_for_status()
                etag = answer.headers["etag"]

        await asyncio.gather(*(one(address) for address in carts))
    return took


async def filled(buyer: Buyer, variants: list[str]) -> str:
    cart = await buyer.fill_cart(variants[0])
    for variant in variants[1:]:
        answer = await buyer.ask("PUT", f"/carts/{cart}/lines/{variant}", {"quantity": 1})
        answer.raise_for_status()
    return f"/api/v1/carts/{cart}"


async def goods(shop: Tree) -> list[str]:
    async with staff_client(shop.url, shop.password) as staff:
        return [await product_with_stock(staff, 500) for _ in range(LINES)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with open_shop() as shop:
        dsn = json.loads((shop.data_dir / "environment.json").read_text())["BODEGA_DATABASE_URL"]
        variants = asyncio.run(goods(shop))
        for clients in options.clients:
            bare = quantiles(asyncio.run(commits(dsn, clients, 2)))
            runs = [
                quantiles(asyncio.run(updates(shop, variants, clients, options.seconds)))
                for _ in range(options.rounds)
            ]
            p50, p95 = (statistics.median(run[part] for run in runs) for part in (0, 1))
            print(
                f"{clients:3} clients   update p50 {p50:6.1f} ms   p95 {p95:6.1f} ms "
                f"(aim {AIM_MS})   x{p50 / bare[0]:.1f} of a bare commit ({bare[0]:.2f} ms)",
                flush=True,
            )


if __name__ == "__main__":
    main()

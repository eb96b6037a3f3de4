"""Checkouts a second and p95, end to end over HTTP with durable commits, against bare commits.

Each buys one of ten products; `--products 1` has all buyers wait for the one row of a single
product's stock. The reference is as many durable one-row commits (nine, a checkout's own) from as
many connections: the limit of this disk and server in this run. The load generator, the provider
double, the relay and the lake share the cores: the table below each line says who took how much of
them, and what the API waited for. Checkouts are asked for through aiohttp, which takes half of what
httpx does; a buyer has a machine of their own.

    python -m benchmarks checkouts
    python -m benchmarks.checkouts --clients 50 --products 1
"""

import argparse
import asyncio
import json
import statistics
import time
from dataclasses import dataclass

import aiohttp
import httpx
import psycopg

from benchmarks.shop import open_shop
from benchmarks.spent import Spent, spent
from tests.kit.buyer import Buyer, product_with_stock, staff_client
from tests.kit.tree import Tree

COMMITS = 9
PRODUCTS = 10
MAX_LIMIT = 16  # connections of the reference: the server has few to spare


async def commits_per_second(dsn: str, clients: int, seconds: float) -> float:
    """Durable commits a second from `clients` connections."""
    until = time.perf_counter() + seconds

    async def one() -> int:
        connection = await psycopg.AsyncConnection.connect(dsn, autocommit=True)
        done = 0
        async with connection:
            while time.perf_counter() < until:
                await connection.execute("INSERT INTO bench_commits DEFAULT VALUES")
                done += 1
        return done

    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        await connection.execute("CREATE TABLE IF NOT EXISTS bench_commits (id bigserial)")
    return sum(await asyncio.gather(*(one() for _ in range(min(clients, MAX_LIMIT))))) / seconds


@dataclass(frozen=True)
class Run:
    rate: float
    took: list[float]
    used: Spent


async def checkouts(shop: Tree, clients: int, seconds: float, products: int = PRODUCTS) -> Run:
    """Checkouts a second and their seconds; carts are filled beforehand, outside the clock."""
    async with staff_client(shop.url, shop.password) as staff:
        variants = [await product_with_stock(staff, 9_000) for _ in range(products)]
    took: list[float] = []
    each = max(4, int(80 * seconds / clients))
    async with (
        httpx.AsyncClient(base_url=shop.url, timeout=60) as client,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as till,
    ):
        buyers = [Buyer(client) for _ in range(clients)]
        carts = [
            [await buyer.fill_cart(variants[(place + at) % products]) for at in range(each)]
            for place, buyer in enumerate(buyers)
        ]
        address = f"{shop.url}/api/v1/checkouts"
        before = spent(shop)
        started = time.perf_counter()

        async def one(buyer: Buyer, own: list[str]) -> None:
            for cart in own:
                if time.perf_counter() - started > seconds:
                    return
                buyer.email = (
                    f"{cart}@example.com"  # one address buying so often is held for review
                )
                body, key = buyer.wanted(cart), {"idempotency-key": cart}
                begin = time.perf_counter()
                async with till.post(address, json=body, headers=key) as answer:
                    assert answer.status == 201, await answer.text()
                took.append(time.perf_counter() - begin)

        pairs = zip(buyers, carts, strict=True)
        await asyncio.gather(*(one(buyer, own) for buyer, own in pairs))
        rate = len(took) / (time.perf_counter() - started)
        return Run(rate, took, spent(shop).since(before))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 10, 50])
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--products", type=int, default=PRODUCTS)
    options = parser.parse_args()
    with open_shop() as shop:
        dsn = json.loads((shop.data_dir / "environment.json").read_text())["BODEGA_DATABASE_URL"]
        for clients in options.clients:
            limit = asyncio.run(commits_per_second(dsn, clients, 3)) / COMMITS
            runs = [
                asyncio.run(checkouts(shop, clients, options.seconds, options.products))
                for _ in range(options.rounds)
            ]
            rate = statistics.median(run.rate for run in runs)
            p50 = statistics.median(statistics.median(run.took) for run in runs) * 1000
            p95 = statistics.median(statistics.quantiles(run.took, n=20)[-1] for run in runs) * 1000
            print(
                f"{clients:3} clients   {rate:6.1f} checkouts/s   p50 {p50:6.1f} ms   "
                f"p95 {p95:6.1f} ms   x{rate / limit:.2f} of {COMMITS} bare commits "
                f"({limit:,.0f}/s)",
                flush=True,
            )
            tell(runs)


def tell(runs: list[Run]) -> None:
    """Of the middle run: processor milliseconds a checkout, and shares of its duration."""
    run = sorted(runs, key=lambda run: run.rate)[len(runs) // 2]
    cores = sorted(run.used.processor.items(), key=lambda item: -item[1])
    print("    processor ms   ", end="")
    print("  ".join(f"{name} {1000 * used / len(run.took):.1f}" for name, used in cores))
    print("    share of time  ", end="")
    print("  ".join(f"{name} {used / sum(run.took):.0%}" for name, used in run.used.waited.items()))


if __name__ == "__main__":
    main()

"""Checkouts a second and p95, end to end over HTTP with durable commits, against bare commits.

The reference is as many durable one-row commits (nine, a checkout's own) from as many
connections: the limit of this disk and server in this run. The load generator, the provider
double, the relay and the lake share the cores.

    python -m benchmarks checkouts
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

COMMITS = 9
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


async def checkouts(shop: Tree, clients: int, seconds: float) -> tuple[float, list[float]]:
    """Checkouts a second and their seconds; carts are filled beforehand, outside the clock."""
    async with staff_client(shop.url, shop.password) as staff:
        variant = await product_with_stock(staff, 9_000)
    took: list[float] = []
    each = max(4, int(80 * seconds / clients))
    limits = httpx.Limits(max_connections=clients + 5)
    async with httpx.AsyncClient(base_url=shop.url, timeout=60, limits=limits) as client:
        buyers = [Buyer(client) for _ in range(clients)]
        carts = [[await buyer.fill_cart(variant) for _ in range(each)] for buyer in buyers]
        started = time.perf_counter()

        async def one(buyer: Buyer, own: list[str]) -> None:
            for cart in own:
                if time.perf_counter() - started > seconds:
                    return
                begin = time.perf_counter()
                answer = await buyer.check_out(cart)
                assert answer.status_code == 201, answer.text
                took.append(time.perf_counter() - begin)

        pairs = zip(buyers, carts, strict=True)
        await asyncio.gather(*(one(buyer, own) for buyer, own in pairs))
        return len(took) / (time.perf_counter() - started), took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 10, 50])
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with open_shop() as shop:
        dsn = json.loads((shop.data_dir / "environment.json").read_text())["BODEGA_DATABASE_URL"]
        for clients in options.clients:
            limit = asyncio.run(commits_per_second(dsn, clients, 3)) / COMMITS
            runs = [
                asyncio.run(checkouts(shop, clients, options.seconds))
                for _ in range(options.rounds)
            ]
            rate = statistics.median(run[0] for run in runs)
            p50 = statistics.median(statistics.median(run[1]) for run in runs) * 1000
            p95 = statistics.median(statistics.quantiles(run[1], n=20)[-1] for run in runs) * 1000
            print(
                f"{clients:3} clients   {rate:6.1f} checkouts/s   p50 {p50:6.1f} ms   "
                f"p95 {p95:6.1f} ms   x{rate / limit:.2f} of {COMMITS} bare commits "
                f"({limit:,.0f}/s)",
                flush=True,
            )


if __name__ == "__main__":
    main()

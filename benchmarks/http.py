"""Product list and detail: requests a second and p95 at 50 clients, against a bare FastAPI route.

The peer answers the same bytes from a constant: what the HTTP stack itself can do, in this run.
"no cache" is the same shop with BODEGA_PUBLIC_CACHE_SECONDS=0: one query a request.

    python -m benchmarks http
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from benchmarks.load import Load, closed_loop
from benchmarks.shop import open_shop
from tests.kit.tree import free_port

PEER = """
import sys, uvicorn
from fastapi import FastAPI, Response
app = FastAPI()
body = sys.stdin.buffer.read()
@app.get("/")
async def constant() -> Response:
    return Response(body, media_type="application/json")
uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="error")
"""


@contextmanager
def peer(body: bytes) -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", PEER, str(port)], stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(body)
    process.stdin.close()
    url = f"http://127.0.0.1:{port}/"
    for _ in range(100):
        try:
            httpx.get(url)
            break
        except httpx.TransportError:
            time.sleep(0.1)
    yield url
    process.terminate()
    process.wait()


def median(url: str, *, clients: int, seconds: float, rounds: int) -> Load:
    runs = [closed_loop(url, clients=clients, seconds=seconds) for _ in range(rounds)]
    middle = statistics.median(run.p95 for run in runs)
    return min(runs, key=lambda run: abs(run.p95 - middle))


def show(name: str, load: Load, reference: Load) -> None:
    ratio = load.per_second / reference.per_second
    print(
        f"{name:<18} {load.per_second:9,.0f} req/s   p50 {load.p50:7.2f} ms   "
        f"p95 {load.p95:7.2f} ms   failures {load.failures}   x{ratio:.2f} of bare FastAPI",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    options = vars(parser.parse_args())
    for label, cache in (("", 1), ("no cache", 0)):
        with open_shop(public_cache_seconds=cache) as shop:
            list_url = f"{shop.url}/api/v1/products?limit=20"
            page = httpx.get(list_url)
            detail_url = f"{shop.url}/api/v1/products/{page.json()['items'][0]['slug']}"
            with peer(page.content) as bare:
                reference = median(bare, **options)
            show("bare FastAPI", reference, reference)
            show(f"list {label}", median(list_url, **options), reference)
            show(f"detail {label}", median(detail_url, **options), reference)


if __name__ == "__main__":
    main()

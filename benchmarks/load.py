"""A closed-loop HTTP load generator: N keep-alive connections, each asking again when answered.

Written on raw asyncio protocols, to leave the cores it shares to the server under test.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Load:
    """What a run saw; latencies in milliseconds."""

    requests: int
    failures: int
    seconds: float
    p50: float
    p95: float
    p99: float

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


class _Client(asyncio.Protocol):
    def __init__(self, request: bytes, until: float, latencies: list[float]) -> None:
        self.request = request
        self.until = until
        self.latencies = latencies
        self.failures = 0
        self.buffer = bytearray()
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._ask()

    def _ask(self) -> None:
        self.sent = time.perf_counter()
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self.buffer[:end]).lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0])
        if len(self.buffer) < end + 4 + length:
            return
        now = time.perf_counter()
        self.latencies.append(now - self.sent)
        self.failures += not head.startswith(b"http/1.1 2")
        del self.buffer[: end + 4 + length]
        if now < self.until:
            self._ask()
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


async def _run(url: str, clients: int, seconds: float) -> Load:
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    request = f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
    latencies: list[float] = []
    started = time.perf_counter()
    loop = asyncio.get_running_loop()
    assert parts.hostname is not None
    assert parts.port is not None
    host, port = parts.hostname, parts.port
    made = await asyncio.gather(
        *(
            loop.create_connection(
                lambda: _Client(request, started + seconds, latencies), host, port
            )
            for _ in range(clients)
        )
    )
    await asyncio.gather(*(client.done for _, client in made))
    took = time.perf_counter() - started
    ordered = sorted(latencies)

    def quantile(share: float) -> float:
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000

    failures = sum(client.failures for _, client in made)
    return Load(len(ordered), failures, took, quantile(0.5), quantile(0.95), quantile(0.99))


def closed_loop(url: str, *, clients: int = 50, seconds: float = 5.0) -> Load:
    """Ask `url` from `clients` connections for `seconds`."""
    import uvloop

    return uvloop.run(_run(url, clients, seconds))

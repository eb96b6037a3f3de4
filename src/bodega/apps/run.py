"""Running one process: under our logs, answering health and metrics, stopping gracefully."""

import asyncio
import gc
import signal
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from prometheus_client import start_http_server

from bodega.backbone.settings import Settings
from bodega.backbone.telemetry.logs import configure_logs

if TYPE_CHECKING:
    from starlette.types import ASGIApp


def serve(app: "ASGIApp", settings: Settings, *, host: str, port: int) -> None:
    """Serve until a signal; requests in flight get `shutdown_seconds` to finish.

    The port is opened with SO_REUSEPORT, so that several processes share it and the kernel spreads
    connections over them.
    """
    import uvicorn

    configure_logs(settings)
    keep_loaded()
    listener = _listen(host, port)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(settings.shutdown_seconds),
        timeout_keep_alive=30,
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
    )
    uvicorn.Server(config).run(sockets=[listener])


def keep_loaded() -> None:
    """What a process has loaded stays until its end: the collector need not walk over it again,
    nor look for cycles as often as by default."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((host, port))
    listener.listen(1024)
    listener.setblocking(False)
    return listener


def serve_metrics(settings: Settings) -> None:
    """`/metrics` for a process without HTTP of its own, when BODEGA_METRICS_PORT asks for it."""
    if settings.metrics_port:
        start_http_server(settings.metrics_port, addr=settings.host)


def on_stop_signal(stop: Callable[[], object]) -> None:
    """Call `stop` at SIGTERM or SIGINT; for processes without an event loop."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop())


def stop_event() -> asyncio.Event:
    """Set at SIGTERM or SIGINT; for the running event loop."""
    event = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, event.set)
    return event

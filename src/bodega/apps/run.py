"""Running one HTTP process: uvicorn under our logs, stopping gracefully."""

import socket

import uvicorn
from fastapi import FastAPI

from bodega.backbone.settings import Settings
from bodega.backbone.telemetry.logs import configure_logs


def serve(app: FastAPI, settings: Settings, *, host: str, port: int) -> None:
    """Serve until a signal; requests in flight get `shutdown_seconds` to finish.

    The port is opened with SO_REUSEPORT, so that several processes share it and the kernel spreads
    connections over them.
    """
    configure_logs(settings)
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


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((host, port))
    listener.listen(1024)
    listener.setblocking(False)
    return listener

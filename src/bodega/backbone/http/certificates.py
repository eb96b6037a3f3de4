"""What outside servers are checked against, read once a process: it takes 30 ms."""

import ssl
from functools import cache

import httpx


@cache
def certificates() -> ssl.SSLContext:
    """For `httpx.AsyncClient(verify=...)`."""
    return httpx.create_ssl_context()

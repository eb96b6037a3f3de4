"""Is it up yet? Asked over HTTP on loopback, with little patience a question."""

import http.client
import time
from collections.abc import Callable

_POLL_SECONDS = 0.1


def answers(host: str, port: int, path: str = "/health/ready") -> bool:
    """Does `path` answer 200 right now?"""
    connection = http.client.HTTPConnection(_reachable(host), port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "::", "") else host  # noqa: S104


def wait_until(
    condition: Callable[[], bool], *, seconds: float, meanwhile: Callable[[], None]
) -> bool:
    """True once `condition` holds, False after `seconds`; `meanwhile` may raise to give up."""
    deadline = time.monotonic() + seconds
    while not condition():
        meanwhile()
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True

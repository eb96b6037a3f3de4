"""Posts OpenLineage events after a build; nobody waits for it, and nothing depends on it."""

import queue
import threading
from collections.abc import Callable, Iterable

import httpx

from bodega.backbone.telemetry.logs import get_logger
from bodega.data.lineage.openlineage import Document

WAITING = 20
TIMEOUT_SECONDS = 10.0
Events = Callable[[], Iterable[Document]]
log = get_logger(__name__)


def post(
    url: str, events: Iterable[Document], *, transport: httpx.BaseTransport | None = None
) -> int:
    """How many were taken. Whoever does not answer, or refuses one, is not asked again for now."""
    taken = 0
    with httpx.Client(transport=transport, timeout=TIMEOUT_SECONDS) as client:
        for event in events:
            try:
                client.post(url, json=event).raise_for_status()
            except httpx.HTTPError as error:
                log.warning(
                    "lineage_not_posted", url=url, reason=f"{type(error).__name__}: {error}"
                )
                break
            taken += 1
    return taken


class Poster:
    """Posts from a thread of its own; when the other side is slower than builds, the oldest go."""

    def __init__(self, url: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self._url, self._transport = url, transport
        self._waiting: queue.Queue[Events] = queue.Queue(WAITING)
        threading.Thread(target=self._run, name="lineage-post", daemon=True).start()

    def add(self, events: Events) -> None:
        """`events` are made in the thread, too."""
        while True:
            try:
                return self._waiting.put_nowait(events)
            except queue.Full:
                self._drop()

    def done(self) -> None:
        """Wait until everything was posted or given up."""
        self._waiting.join()

    def _drop(self) -> None:
        try:
            self._waiting.get_nowait()
        except queue.Empty:
            return
        self._waiting.task_done()

    def _run(self) -> None:
        while True:
            events = self._waiting.get()
            try:
                post(self._url, events(), transport=self._transport)
            except Exception:
                log.exception("lineage_not_posted", url=self._url)
            finally:
                self._waiting.task_done()

"""aiohttp's client, of those at hand the one that costs least: loaded and opened with the first
request, for loading it takes 0.1 s."""

from typing import TYPE_CHECKING, Any

from bodega.backbone.http.certificates import certificates

if TYPE_CHECKING:
    from aiohttp import ClientSession


class LateSession:
    """Belongs to the loop that asks first. A request has `seconds` unless it says otherwise;
    `connector` is as of `aiohttp.TCPConnector`."""

    def __init__(self, *, seconds: float = 30, **connector: Any) -> None:
        self._seconds = seconds
        self._connector = connector
        self._opened: ClientSession | None = None

    @property
    def opened(self) -> "ClientSession":
        if self._opened is None:
            import aiohttp

            self._opened = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=certificates(), **self._connector),
                timeout=aiohttp.ClientTimeout(total=self._seconds),
            )
        return self._opened

    async def close(self) -> None:
        """Whoever asks afterwards opens it anew."""
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.close()

"""Other addresses for the same routes."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send


class Aliases:
    """`/api/insights` answers as `/api/v1/insights`, and so does what lies below it."""

    def __init__(self, app: ASGIApp, addresses: Mapping[str, str]) -> None:
        self.app = app
        self._addresses = dict(addresses)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/api/"):
            for alias, address in self._addresses.items():
                if scope["path"] == alias or scope["path"].startswith(f"{alias}/"):
                    path = address + scope["path"][len(alias) :]
                    scope = {**scope, "path": path, "raw_path": path.encode()}
                    break
        await self.app(scope, receive, send)

"""A shared micro-cache in the process, for answers that are the same for everyone.

A route says so by a parameter `cached: PubliclyCached`, which sets `Cache-Control: public, max-
age=N`; requests that carry credentials or cookies pass by. One request fills an entry while
others wait, so a popular page costs the database one query every N seconds, however many ask.
"""

import asyncio
import hashlib
import re
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Response
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_ENTRIES = 2_000
MAX_BODY = 512 * 1024
_PUBLIC = re.compile(r"public, max-age=([0-9.]+)")
_PRIVATE = (b"authorization", b"cookie")


async def _public(request: Request, response: Response) -> None:
    seconds = request.app.state.settings.public_cache_seconds
    if seconds > 0:
        response.headers["cache-control"] = f"public, max-age={seconds:g}"


PubliclyCached = Annotated[None, Depends(_public)]


@dataclass(slots=True)
class _Entry:
    status: int
    headers: list[tuple[bytes, bytes]]
    etag: bytes
    body: bytes
    fresh_until: float
    route: object


class PublicCache:
    """Answers from memory while an entry is fresh; at most MAX_ENTRIES, oldest out first."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._entries: OrderedDict[tuple[str, bytes], _Entry] = OrderedDict()
        self._filling: dict[tuple[str, bytes], asyncio.Event] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or _private(scope):
            await self.app(scope, receive, send)
            return
        key = (scope["path"], scope["query_string"])
        entry = await self._fresh(key)
        if entry is not None:
            scope["route"] = entry.route
            await _replay(entry, Headers(scope=scope).get("if-none-match"), send)
            return
        await self._fill(key, scope, receive, send)

    async def _fresh(self, key: tuple[str, bytes]) -> _Entry | None:
        filling = self._filling.get(key)
        entry = self._entries.get(key)
        if entry is not None and entry.fresh_until > time.monotonic():
            return entry
        if filling is None:
            return None
        await filling.wait()
        entry = self._entries.get(key)
        return entry if entry is not None and entry.fresh_until > time.monotonic() else None

    async def _fill(
        self, key: tuple[str, bytes], scope: Scope, receive: Receive, send: Send
    ) -> None:
        known = key in self._entries
        done = self._filling.setdefault(key, asyncio.Event()) if known else None
        recorder = _Recorder(send)
        try:
            await self.app(scope, receive, recorder)
            entry = recorder.entry(scope.get("route"))
            if entry is not None:
                self._entries[key] = entry
                self._entries.move_to_end(key)
                while len(self._entries) > MAX_ENTRIES:
                    self._entries.popitem(last=False)
        finally:
            if done is not None:
                self._filling.pop(key, None)
                done.set()


class _Recorder:
    """Passes messages on and keeps what may be kept."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.start: Message | None = None
        self.seconds = 0.0
        self.body = bytearray()
        self.complete = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
            found = _PUBLIC.match(Headers(raw=message["headers"]).get("cache-control", ""))
            self.seconds = float(found[1]) if found and message["status"] == 200 else 0.0
        elif self.seconds and len(self.body) <= MAX_BODY:
            self.body += message.get("body", b"")
            self.complete = not message.get("more_body", False)
        await self.send(message)

    def entry(self, route: object) -> _Entry | None:
        if self.start is None or not self.seconds or not self.complete or len(self.body) > MAX_BODY:
            return None
        body = bytes(self.body)
        etag = b'"' + hashlib.sha256(body).hexdigest()[:32].encode() + b'"'
        headers = [pair for pair in self.start["headers"] if pair[0] != b"set-cookie"]
        fresh_until = time.monotonic() + self.seconds
        return _Entry(
            self.start["status"], [*headers, (b"etag", etag)], etag, body, fresh_until, route
        )


def _private(scope: Scope) -> bool:
    return any(name in _PRIVATE for name, _ in scope["headers"])


async def _replay(entry: _Entry, if_none_match: str | None, send: Send) -> None:
    unchanged = if_none_match is not None and if_none_match.encode() == entry.etag
    status, body = (304, b"") if unchanged else (entry.status, entry.body)
    headers = [pair for pair in entry.headers if not (unchanged and pair[0] == b"content-length")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

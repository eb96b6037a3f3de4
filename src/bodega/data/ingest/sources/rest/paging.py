"""Which request follows an answer."""

from collections.abc import Mapping
from typing import Any

import httpx

from bodega.data.ingest.sources.errors import SourceRefused
from bodega.data.ingest.sources.rest.declaration import (
    ByCursor,
    ByLink,
    ByOffset,
    ByPage,
    ByUrl,
    NoPages,
    Pagination,
)

Next = Mapping[str, Any]
"""`{"params": …}` added to the first request's, or `{"url": …}` instead of it."""


def first_page(how: Pagination) -> Next:
    match how:
        case ByPage():
            size = {how.size_param: how.size} if how.size_param else {}
            return {"params": {how.param: how.start, **size}}
        case ByOffset():
            return {"params": {how.param: 0, how.size_param: how.size}}
        case _:
            return {"params": {}}


def next_page(
    how: Pagination, asked: Next, answer: httpx.Response, document: Any, records: int
) -> Next | None:
    """None after the last page. Raises SourceRefused for one that leads elsewhere."""
    match how:
        case NoPages():
            return None
        case ByPage() | ByOffset():
            return _counted(how, asked, records)
        case ByCursor():
            token = _at(document, how.path)
            return {"params": {how.param: token}} if token not in (None, "", False) else None
        case ByLink():
            link = answer.links.get("next", {}).get("url")
            return _same_host(answer, link) if link else None
        case ByUrl():
            link = _at(document, how.path)
            return _same_host(answer, str(link)) if link else None


def _counted(how: ByPage | ByOffset, asked: Next, records: int) -> Next | None:
    if records < how.size:
        return None
    step = 1 if isinstance(how, ByPage) else how.size
    params = dict(asked["params"])
    return {"params": {**params, how.param: int(params[how.param]) + step}}


def _same_host(answer: httpx.Response, link: str) -> Next:
    """Secrets travel with requests: they stay with the host they were meant for."""
    here, there = answer.request.url, answer.request.url.join(link)
    if (here.scheme, here.host, here.port) != (there.scheme, there.host, there.port):
        raise SourceRefused(f"The next page is at another host ({there.host}): not followed")
    return {"url": str(there)}


def _at(document: Any, way: tuple[str, ...]) -> Any:
    found = document
    for step in way:
        found = found.get(step) if isinstance(found, Mapping) else None
    return found

"""Every event that a contract tells of."""

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache

from bodega import contracts
from bodega.kernel.errors import NotFound
from bodega.kernel.events import Event


class EventUnknown(NotFound):
    code = "event_type_unknown"
    title = "There is no such event: see `bodega events list`"


@cache
def event_kinds() -> dict[str, type[Event]]:
    """By type, A to Z."""
    for found in pkgutil.iter_modules(contracts.__path__):
        importlib.import_module(f"{contracts.__name__}.{found.name}")
    kinds = [
        kind
        for kind in _below(Event)
        if "type" in vars(kind) and kind.__module__.startswith(f"{contracts.__name__}.")
    ]
    return {kind.type: kind for kind in sorted(kinds, key=lambda kind: kind.type)}


def event_kind(type_: str) -> type[Event]:
    """Raises EventUnknown."""
    kind = event_kinds().get(type_)
    if kind is None:
        raise EventUnknown(f"There is no event {type_!r}: see `bodega events list`")
    return kind


def _below(kind: type[Event]) -> Iterator[type[Event]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)

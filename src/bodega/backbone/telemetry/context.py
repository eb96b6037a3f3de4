"""The correlation id that follows a request into its events and their handlers."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_correlation_id: ContextVar[str | None] = ContextVar("correlation_id", default=None)


def current_correlation_id() -> str:
    """The one in force, or a fresh one."""
    return _correlation_id.get() or uuid.uuid4().hex


@contextmanager
def correlation(correlation_id: str) -> Iterator[None]:
    """Everything logged and emitted inside carries `correlation_id`."""
    token = _correlation_id.set(correlation_id)
    try:
        yield
    finally:
        _correlation_id.reset(token)


def bound_correlation_id() -> str | None:
    return _correlation_id.get()


_actor: ContextVar[str | None] = ContextVar("actor", default=None)


def current_actor() -> str | None:
    """On whose behalf this request, or call of ours, is made."""
    return _actor.get()


def bind_actor(label: str | None) -> None:
    """For the rest of this request; our own calls to other processes carry it."""
    _actor.set(label)

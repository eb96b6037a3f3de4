"""Structured logs on standard error: JSON for machines, colours for people, secrets for nobody.

Our own lines are written straight away: by way of the standard library's loggers each costs three
times as much, and a checkout writes several.
"""

import logging
import sys
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any

import structlog

from bodega.backbone.settings import Settings
from bodega.backbone.telemetry.context import bound_correlation_id

_SECRET_WORDS = ("password", "secret", "token", "authorization", "cookie", "api_key")
_PERSONAL_WORDS = ("email", "address_line", "full_name")


class _Lines(structlog.WriteLogger):
    """Standard error, in the name of who writes."""

    def __init__(self, name: str) -> None:
        super().__init__(sys.stderr)
        self.name = name


def configure_logs(settings: Settings) -> None:
    """Route structlog and the standard library's loggers to one stream."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_correlation,
        _add_process(settings.process),
        _mask,
        structlog.processors.format_exc_info,
    ]
    final: Any = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, final],
        logger_factory=_Lines,
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                final,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    for noisy in ("httpx", "httpcore", "uvicorn.access", "dbos", "stripe"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(name)
    return logger


def _add_correlation(
    _logger: Any, _method: str, entry: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    correlation_id = bound_correlation_id()
    if correlation_id:
        entry.setdefault("correlation_id", correlation_id)
    return entry


def _add_process(process: str) -> Any:
    def add(
        _logger: Any, _method: str, entry: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        entry.setdefault("process", process)
        return entry

    return add


def _mask(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """No secret and no personal field leaves by a log line, whoever logs it."""
    for key in entry:
        if _hidden(key):
            entry[key] = "***"
    return entry


@lru_cache(maxsize=1000)
def _hidden(key: str) -> bool:
    lowered = key.lower()
    return any(word in lowered for word in (*_SECRET_WORDS, *_PERSONAL_WORDS))

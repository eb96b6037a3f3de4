"""Structured logs on standard error: JSON for machines, colours for people, secrets for nobody."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from bodega.backbone.settings import Settings
from bodega.backbone.telemetry.context import bound_correlation_id

_SECRET_WORDS = ("password", "secret", "token", "authorization", "cookie", "api_key")
_PERSONAL_WORDS = ("email", "address_line", "full_name")


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
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
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


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
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
        lowered = key.lower()
        if any(word in lowered for word in (*_SECRET_WORDS, *_PERSONAL_WORDS)):
            entry[key] = "***"
    return entry

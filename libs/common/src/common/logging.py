"""Structured logs: one JSON line an event (or a readable one), with the request id, without personal data.

What is logged is chosen by the callers: never bodies, query values or names. As a second line of defence every text
that contains a personal number, also inside a traceback, is cut out before it is written.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final, Literal, TextIO

import structlog

from common.personal_data import personal_data_in
from common.request_id import current_request_id

LogFormat = Literal["json", "console"]
REDACTED: Final = "[redacted]"
_SECRET_NAMES: Final = frozenset({"authorization", "token", "password", "secret", "id_number", "phone", "bank_account"})
_LARGEST_DEPTH: Final = 6

Event = MutableMapping[str, Any]  # structlog's own type: an event may hold anything


def configure_logging(
    service: str, *, log_format: LogFormat = "json", level: str = "INFO", stream: TextIO | None = None
) -> None:
    """Send structlog's and the standard library's records to one stream (stderr unless told) in one form."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _service_stamp(service),
        _request_stamp,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact,
                _renderer(log_format),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "sqlalchemy", "alembic"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
    # The services write their own access log, with the route instead of the address.
    logging.getLogger("uvicorn.access").disabled = True
    logging.getLogger("httpx").setLevel(logging.WARNING)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return a logger: ``log.info("claim_approved", claim=str(id))``. Name events, give ids, never what people typed."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def redact(_logger: object, _method: str, event: Event) -> Event:
    """Cut out values that contain a personal number or belong to a field that holds one (a structlog processor)."""
    return {key: REDACTED if key.lower() in _SECRET_NAMES else _redacted(value, 0) for key, value in event.items()}


def _redacted(value: object, depth: int) -> object:
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return REDACTED if personal_data_in(str(value)) else value
    if depth > _LARGEST_DEPTH:
        return REDACTED
    if isinstance(value, dict):
        return {
            _redacted_text(str(key)): REDACTED if str(key).lower() in _SECRET_NAMES else _redacted(item, depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted(item, depth + 1) for item in value]
    return _redacted_text(str(value))


def _redacted_text(text: str) -> str:
    if not personal_data_in(text):
        return text
    # Keep what is harmless, line by line: a traceback stays useful without the line that quotes a value.
    return "\n".join(REDACTED if personal_data_in(line) else line for line in text.split("\n"))


def _service_stamp(service: str) -> structlog.typing.Processor:
    def stamp(_logger: object, _method: str, event: Event) -> Event:
        event["service"] = service
        return event

    return stamp


def _request_stamp(_logger: object, _method: str, event: Event) -> Event:
    if (request_id := current_request_id()) is not None:
        event.setdefault("request_id", request_id)
    return event


def _renderer(log_format: LogFormat) -> structlog.typing.Processor:
    if log_format == "console":
        return structlog.dev.ConsoleRenderer(colors=False)
    return structlog.processors.JSONRenderer(ensure_ascii=False)

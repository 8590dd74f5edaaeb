"""Log lines on stderr, for a person or for a program: our own, and those of libraries in the same form."""

import logging
import sys
from contextlib import suppress
from typing import Any, Literal, TextIO, cast

import structlog

from app.tracing import name_trace

LINES_A_MINUTE = 20
"""Of one message of a library; what strangers make it say can come thousands of times a second."""
MAX_MESSAGES = 1_000
"""Messages that are counted apart: some hold what a stranger sent."""

_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,  # what a batch binds stands on every line of it
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    name_trace,
]


def configure_logging(log_format: Literal["console", "json"], level: int = logging.INFO) -> None:
    """Writes lines of `level` and above from here on: time in UTC, level, event, and what is bound."""
    rendering: list[Any]
    if log_format == "json":
        rendering = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        plain = structlog.dev.plain_traceback
        colors = sys.stderr.isatty()
        rendering = [structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain)]
    structlog.configure(
        processors=[*_SHARED, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _PatientLog(sys.stderr))),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_SHARED, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    handler.addFilter(FloodFilter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


class _PatientLog:
    """Lines on a stream; a full disk loses them and ends nothing, as in Python's own handlers of logging."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with suppress(OSError):
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


class FloodFilter(logging.Filter):
    """Lets the first lines of each message through in every minute, and says how many were left out."""

    def __init__(self) -> None:
        super().__init__()
        self._counts: dict[tuple[str, str], tuple[int, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
        key, minute = (record.name, str(record.msg)), int(record.created // 60)
        since, lines = self._counts.get(key, (minute, 0))
        if since != minute:
            if left_out := max(0, lines - LINES_A_MINUTE):
                record.msg = f"{record.msg} ({left_out} more such lines were left out)"
            since, lines = minute, 0
        if len(self._counts) > MAX_MESSAGES:
            self._counts.clear()
        self._counts[key] = since, lines + 1
        return lines < LINES_A_MINUTE

"""Waiting for a server that is being restarted, for a while and not for ever."""

from collections.abc import Callable
from threading import Event
from time import monotonic
from typing import TypeVar

import structlog
from sqlalchemy.exc import DBAPIError

from app.errors import DependencyMissing
from app.stores.postgres import is_retryable
from ingest.instruments import WAITS

log = structlog.get_logger()
T = TypeVar("T")

RECORD_AWAY_SECONDS = 120.0
BACKOFF_SECONDS = (0.5, 1.0, 2.0, 5.0)


def backoff_seconds(failures: int) -> float:
    """How long to wait after so many failures in a row (0: the first)."""
    return BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)]


def patiently(stop: Event, work: Callable[[], T]) -> T:
    """Does the work, again and again while a server is away; the work must bear being done again.

    Raises:
        DependencyMissing: it stays away for two minutes, or `stop` is set meanwhile.
    """
    deadline = monotonic() + RECORD_AWAY_SECONDS
    failures = 0
    while True:
        try:
            return work()
        except (DBAPIError, DependencyMissing) as exc:
            if not is_retryable(exc):
                raise
            if stop.is_set() or monotonic() > deadline:
                if isinstance(exc, DependencyMissing):
                    raise
                raise DependencyMissing(
                    "PostgreSQL does not answer as it should; nothing is lost. See its log, "
                    "then start the consumer again."
                ) from exc
            WAITS.labels("record").inc()
            log.warning("record_away", reason=str(exc).splitlines()[0])
            stop.wait(backoff_seconds(failures))
            failures += 1

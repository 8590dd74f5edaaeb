"""Retries while a server is away: stopped, starting, or restarted."""

from collections.abc import Callable
from threading import Event
from typing import Final, Literal, TypeVar

import structlog
from sqlalchemy.exc import DBAPIError
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    sleep_using_event,
    stop_after_delay,
    stop_never,
    stop_when_event_set,
    wait_chain,
    wait_fixed,
)

from app.errors import DependencyMissing
from app.stores.postgres import is_retryable
from ingest.instruments import WAITS

log = structlog.get_logger()
T = TypeVar("T")

MAX_RECORD_AWAY_SECONDS: Final = 120.0
_WAITS_SECONDS = (0.5, 1.0, 2.0, 5.0)
"""After the first failure, the second …; the last one after all others."""


_LOG_EVENTS = {"record": "record_unavailable", "graph": "graph_unavailable"}


def retries(
    stop: Event,
    store: Literal["record", "graph"],
    *,
    seconds: float | None = None,
    is_temporary: Callable[[BaseException], bool] = is_retryable,
) -> Retrying:
    """Calls a function again after each temporary error; the function must be safe to repeat.

    It gives up, and raises the last error, when `stop` is set or after so many seconds (None: never). Setting
    `stop` also ends a wait. Each wait is logged and counted for the store.
    """

    def log_wait(state: RetryCallState) -> None:
        WAITS.labels(store).inc()
        error = state.outcome and state.outcome.exception()
        log.warning(_LOG_EVENTS[store], reason=str(error).splitlines()[0])

    # Not stamina: its waits cannot be ended by an event, so a consumer would stop seconds late.
    return Retrying(
        sleep=sleep_using_event(stop),
        stop=stop_when_event_set(stop) | (stop_never if seconds is None else stop_after_delay(seconds)),
        wait=wait_chain(*map(wait_fixed, _WAITS_SECONDS)),
        retry=retry_if_exception(is_temporary),
        before_sleep=log_wait,
        reraise=True,
    )


def retry_record(stop: Event, work: Callable[[], T]) -> T:
    """The result of work on the record, done again while PostgreSQL or Kafka is away.

    Raises:
        DependencyMissing: it stays away for two minutes, or `stop` is set meanwhile.
    """
    try:
        return retries(stop, "record", seconds=MAX_RECORD_AWAY_SECONDS)(work)
    except DBAPIError as exc:
        if not is_retryable(exc):
            raise
        raise DependencyMissing(
            "PostgreSQL does not answer as it should; nothing is lost. See its log, "
            "then start the consumer again."
        ) from exc

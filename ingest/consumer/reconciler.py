"""The consumer's periodic comparison of the graph with the record, in a thread of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.errors import AmlError
from app.operations.reconcile import reconcile
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.instruments import FAILED_RECONCILIATIONS

log = structlog.get_logger()

MAX_WAIT_SECONDS = 60.0
STOP_SECONDS = 10.0


class Reconciler:
    """A thread that compares when the last comparison, of any process, is older than the interval.

    It repairs nothing. When it cannot compare (a store is away, another consumer compares, this program has
    a fault), it logs why and tries again at its next time; it ends neither itself nor the consumer.
    """

    def __init__(self, postgres: Postgres, graph: Graph, interval_seconds: float) -> None:
        self._postgres = postgres
        self._graph = graph
        self._interval = interval_seconds
        self._stop = Event()
        self._thread = Thread(target=self._run, name="reconciler", daemon=True)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Runs the thread inside the block, if there is an interval; a running comparison is cancelled."""
        if self._interval:
            self._thread.start()
        try:
            yield
        finally:
            self._stop.set()
            if self._interval:
                self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        wait_seconds = min(self._interval, MAX_WAIT_SECONDS)
        while not self._stop.wait(wait_seconds):
            try:
                if self._is_due():
                    reconcile(self._postgres, self._graph, self._raise_if_stopped)
            except (AmlError, DBAPIError) as exc:
                log.warning("reconciliation_postponed", reason=str(exc).splitlines()[0])
            except _StoppedError:
                return
            except Exception:
                log.exception("reconciliation_failed")
                FAILED_RECONCILIATIONS.inc()

    def _is_due(self) -> bool:
        with self._postgres.transaction() as connection:
            return bool(connection.execute(_DUE, {"interval": self._interval}).scalar_one())

    def _raise_if_stopped(self, _step: str, _fraction: float) -> None:
        if self._stop.is_set():
            raise _StoppedError


class _StoppedError(Exception):
    """The consumer stops, and with it the comparison."""


# Before the first comparison the age of the record counts: a new record is not compared at once.
_DUE = text("""
    SELECT extract(epoch FROM clock_timestamp() - coalesce(
        (SELECT max(completed_at) FROM reconciliations), (SELECT created_at FROM record))) >= :interval
""")

"""The consumer's graph writer: writes pending batches into the graph while the next batch is recorded."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import structlog
from sqlalchemy.exc import DBAPIError

from app.errors import DependencyMissing, DiskFull, NotReady
from app.projection.pending import ProjectionResult, project_pending
from app.stores.graph import Graph
from app.stores.postgres import Postgres, is_retryable
from ingest.consumer.retry import retries
from ingest.instruments import BatchSpans

log = structlog.get_logger()

IDLE_SECONDS = 1.0
STOP_SECONDS = 45.0


class GraphWriter:
    """A thread that projects pending batches: at once when one is committed, and those it finds by itself.

    The record says which batches are pending, so nothing is lost when the graph is away or this process dies.
    `failed` is called when an error ends the thread that a retry does not cure.
    """

    def __init__(self, postgres: Postgres, graph: Graph, failed: Callable[[], None]) -> None:
        self._postgres = postgres
        self._graph = graph
        self._failed = failed
        self._wake = Event()
        self._stop = Event()
        self._spans = BatchSpans()
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._run, name="graph-writer", daemon=True)

    def wake(self, batch_id: int) -> None:
        """Says that this batch has been committed."""
        self._spans.remember(batch_id)
        self._wake.set()

    @contextmanager
    def running(self) -> Iterator["GraphWriter"]:
        """Runs the thread inside the block; at its end pending batches are written, if the graph answers.

        Raises:
            AmlError: what ended the thread, if anything did.
        """
        self._thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            self._wake.set()
            self._thread.join(STOP_SECONDS)
            if self._thread.is_alive():  # another consumer holds the lock and is frozen, or the graph is slow
                log.warning("graph_writer_still_running")
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            self._project_until_stopped()
        except BaseException as exc:  # handed to the consumer's thread, which ends with it
            log.exception("graph_writer_failed")
            self._failure = exc
            self._failed()

    def _project_until_stopped(self) -> None:
        while True:
            is_last = self._stop.is_set()
            self._wake.clear()
            try:
                projected = retries(self._stop, "graph", is_temporary=_is_temporary)(self._project)
            except (DependencyMissing, NotReady, DBAPIError) as exc:
                if not _is_temporary(exc):
                    raise
                if is_last:
                    log.warning("graph_not_up_to_date", reason=str(exc).splitlines()[0])
                    return
                continue  # stopped while a store was away: one last attempt
            if batch_ids := projected.batch_ids:
                self._spans.graph_written(batch_ids, projected.seconds, projected.transfers)
                log.info(
                    "batches_projected",
                    batches=len(batch_ids),
                    first=batch_ids[0],
                    last=batch_ids[-1],
                    transfers=projected.transfers,
                    seconds=round(projected.seconds, 3),
                )
            elif is_last:
                return
            else:
                self._wake.wait(IDLE_SECONDS)

    def _project(self) -> ProjectionResult:
        return project_pending(self._postgres, self._graph, wait=not self._stop.is_set())


def _is_temporary(exc: BaseException) -> bool:
    """A store is away or its disk is full, or another process empties or rebuilds the graph."""
    return is_retryable(exc) or isinstance(exc, (DiskFull, NotReady))

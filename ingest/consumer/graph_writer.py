"""The consumer's graph writer: brings into the graph what it is owed, beside the next batch."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import structlog
from sqlalchemy.exc import DBAPIError

from app.errors import DependencyMissing, NotReady
from app.projection.pending import ProjectionResult, project_pending
from app.stores.graph import Graph
from app.stores.postgres import Postgres, is_retryable
from ingest.consumer.retry import backoff_seconds
from ingest.instruments import WAITS, BatchSpans

log = structlog.get_logger()

IDLE_SECONDS = 1.0
STOP_SECONDS = 45.0


class GraphWriter:
    """A thread that projects whatever is owed, as soon as it is told of a batch, and catches up by itself.

    The record says what is owed, so nothing is lost when the graph is away or this process dies. `failed` is
    called when the thread ends because of something that waiting does not mend.
    """

    def __init__(self, postgres: Postgres, graph: Graph, failed: Callable[[], None]) -> None:
        self._postgres = postgres
        self._graph = graph
        self._failed = failed
        self._wake = Event()
        self._stop = Event()
        self._spans = BatchSpans()
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._work, name="graph-writer", daemon=True)

    def wake(self, batch_id: int) -> None:
        """Says that this batch has been committed."""
        self._spans.remember(batch_id)
        self._wake.set()

    @contextmanager
    def running(self) -> Iterator["GraphWriter"]:
        """Runs the thread inside the block; at its end what is owed is written, if the graph answers.

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
            if self._thread.is_alive():  # another consumer has the turn and is frozen, or the graph is slow
                log.warning("graph_left_behind")
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        try:
            self._project_until_stopped()
        except BaseException as exc:  # handed to the consumer's thread, which ends with it
            log.exception("graph_writer_failed")
            self._failure = exc
            self._failed()

    def _project_until_stopped(self) -> None:
        failures = 0
        while True:
            stopping = self._stop.is_set()
            self._wake.clear()
            projected = self._project(wait=not stopping)
            if projected is None:
                if stopping:
                    return
                self._stop.wait(backoff_seconds(failures))
                failures += 1
                continue
            failures = 0
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
            elif stopping:
                return
            else:
                self._wake.wait(IDLE_SECONDS)

    def _project(self, *, wait: bool) -> ProjectionResult | None:
        """None: a store is away, or somebody empties or rebuilds the graph; later it will do."""
        try:
            return project_pending(self._postgres, self._graph, wait=wait)
        except (DependencyMissing, NotReady, DBAPIError) as exc:
            if not (is_retryable(exc) or isinstance(exc, NotReady)):
                raise
            WAITS.labels("graph").inc()
            log.warning("graph_behind", reason=str(exc).splitlines()[0])
            return None

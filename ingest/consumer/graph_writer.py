"""The consumer's graph writer: writes pending batches into the graph while the next batch is recorded."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic

import structlog

from app.errors import DiskFull, InUse, NotReady, Unequal
from app.operations.graph_levels import project_levels, published_run_id
from app.operations.graph_rebuild import UNUSABLE, rebuild_unusable
from app.projection.pending import ProjectionResult, project_pending
from app.runs.published_labels import label_newcomers
from app.stores.graph import Graph, is_graph_error
from app.stores.limits import Work
from app.stores.postgres import Postgres, is_retryable
from ingest.consumer.retry import retries
from ingest.instruments import BatchSpans

log = structlog.get_logger()

IDLE_SECONDS = 1.0
STOP_SECONDS = 45.0
LEVELS_SECONDS = 30.0
"""How often the graph is asked whether it still carries the published run: somebody may have emptied it."""
MAX_REFUSALS = 5
EMPTY_SECONDS = 3_600.0
"""A graph that refuses what is written is rebuilt from empty after so many tries, at most once in so long."""


class GraphWriter:
    """A thread that projects pending batches: at once when one is committed, and those it finds by itself.

    The record says which batches are pending, so nothing is lost when the graph is away or this process dies.
    An unusable graph is rebuilt if `rebuilds`, and waited for otherwise. Nothing that the graph says or does
    ends the thread; `failed` is called when a fault of this program does.
    """

    def __init__(
        self, postgres: Postgres, graph: Graph, failed: Callable[[], None], *, rebuilds: bool = True
    ) -> None:
        self._postgres = postgres
        self._graph = graph
        self._failed = failed
        self._rebuilds = rebuilds
        self._refusals = 0
        self._emptied: float | None = None
        self._levels_run_id: int | None = None
        self._look_at_levels = 0.0
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
            except Exception as exc:
                if not _is_temporary(exc):
                    raise
                if is_last:
                    log.warning("graph_not_up_to_date", reason=str(exc).splitlines()[0])
                    return
                continue  # stopped while a store was away: one last attempt
            self._label_newcomers()
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
                self._project_levels()
                self._wake.wait(IDLE_SECONDS)

    def _project(self) -> ProjectionResult:
        """Writes pending batches; rebuilds the graph first where it is unusable."""
        try:
            projected = project_pending(self._postgres, self._graph, wait=not self._stop.is_set())
        except UNUSABLE:
            if not self._rebuilds or self._stop.is_set():
                raise
            self._rebuild(from_empty=False)
            return ProjectionResult([], 0, 0, 0.0)
        except Exception as exc:
            if not _is_refusal(exc):
                raise
            self._refusals += 1
            if not self._rebuilds or self._stop.is_set() or not self._may_empty():
                raise
            self._rebuild(from_empty=True)
            return ProjectionResult([], 0, 0, 0.0)
        self._refusals = 0
        return projected

    def _label_newcomers(self) -> None:
        """Gives wallets that came after the published run its labels: no path walks through a listed one.

        Nearly always it only reads the graph's state. What fails is done the next time, a second later.
        """
        try:
            label_newcomers(self._postgres, self._graph)
        except Exception as exc:
            if not _is_temporary(exc):
                raise
            log.warning("newcomers_not_labelled", reason=str(exc).splitlines()[0])

    def _project_levels(self) -> None:
        """Writes the published run onto the wallets, where nothing else is to be done; batches go first."""
        try:
            run_id = published_run_id(self._postgres)
            if run_id != self._levels_run_id or monotonic() > self._look_at_levels:
                self._look_at_levels = monotonic() + LEVELS_SECONDS
                self._levels_run_id = project_levels(
                    self._postgres, self._graph, between_pages=self._raise_if_interrupted
                )
        except _StoppedError:
            log.info("levels_interrupted")
        except Exception as exc:
            if not _is_temporary(exc):
                raise
            log.warning("levels_not_projected", reason=str(exc).splitlines()[0])

    def _raise_if_interrupted(self) -> None:
        if self._stop.is_set():
            raise _StoppedError
        if self._wake.is_set():
            self._project()
            self._label_newcomers()

    def _may_empty(self) -> bool:
        """Whether the graph has refused so often that only an empty one may take the rows."""
        recently = self._emptied is not None and monotonic() - self._emptied < EMPTY_SECONDS
        return self._refusals >= MAX_REFUSALS and not recently

    def _rebuild(self, *, from_empty: bool) -> None:
        if from_empty:
            self._emptied = monotonic()
        try:
            rebuild_unusable(
                self._postgres.during(Work.BULK),
                self._graph.during(Work.BULK),
                self._raise_if_stopped,
                self._stop,
                from_empty=from_empty,
            )
        except _StoppedError:
            log.warning("graph_rebuild_interrupted")
        self._refusals = 0
        self._levels_run_id = None

    def _raise_if_stopped(self, _step: str, _part: float) -> None:
        if self._stop.is_set():
            raise _StoppedError


class _StoppedError(Exception):
    """The consumer stops, and with it the rebuild; the next one goes on with whatever the graph holds."""


def _is_refusal(exc: BaseException) -> bool:
    """The graph answers, and does not take what is written: somebody has changed it."""
    return isinstance(exc, Unequal) or is_graph_error(exc)


def _is_temporary(exc: BaseException) -> bool:
    """A store is away, the graph refuses, or another process empties or rebuilds it."""
    is_told = isinstance(exc, DiskFull | NotReady | InUse | Unequal)
    return is_told or is_retryable(exc) or is_graph_error(exc)

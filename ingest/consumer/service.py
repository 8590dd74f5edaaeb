"""The consumer as a process: consumes and writes the graph until a signal stops it."""

import os
import signal
from threading import Event
from typing import Final

import structlog

from app.garbage_collection import collect_rarely
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.limits import Work
from app.stores.postgres import Postgres
from ingest.consumer.consumer import consume
from ingest.consumer.graph_writer import GraphWriter
from ingest.consumer.metrics_server import serving_metrics
from ingest.consumer.reconciler import Reconciler
from ingest.consumer.withdrawer import Withdrawer
from ingest.faults import FaultyGraph, arm
from ingest.kafka.topics import await_coordinator, ensure_topics

log = structlog.get_logger()

ALLOCATIONS: Final = 200_000
"""Between two looks for cycles. A batch makes about ten containers a transfer, none of them in a cycle, and
releases all of them: looking among them took nearly half of the time."""


def serve(settings: Settings) -> None:
    """Runs until SIGTERM or SIGINT; then finishes its batch and writes pending batches into the graph.

    Raises:
        InvalidInput: `AML_FAULT` is set and names no fault, or anybody could read the metrics.
        DependencyMissing: as `consume`.
    """
    collect_rarely(ALLOCATIONS)
    stop = Event()
    for sig in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sig, lambda *_: stop.set())
    graph_type = FaultyGraph if arm(os.environ) else Graph
    ensure_topics(settings)
    await_coordinator(settings)
    postgres = Postgres(settings.postgres_url, Work.BATCH)
    graph = graph_type(settings.neo4j_url, settings.neo4j_user, settings.neo4j_password, Work.BATCH)
    log.info("consumer_started", topic=settings.transfers_topic, group=settings.consumer_group)
    try:
        with serving_metrics(settings):
            run(settings, postgres, graph, stop)
    finally:
        graph.close()
        postgres.close()
        log.info("consumer_stopped")


def run(settings: Settings, postgres: Postgres, graph: Graph, stop: Event) -> None:
    """Consumes until `stop` is set, while threads write the graph, compare it, and end undos."""
    reconciler = Reconciler(
        postgres.during(Work.BULK), graph.during(Work.BULK), settings.reconcile_interval_seconds
    )
    withdrawer = Withdrawer(postgres.during(Work.BATCH))
    writer = GraphWriter(postgres, graph, failed=stop.set, rebuilds=settings.graph_rebuild == "auto")
    with writer.running() as graph_writer, reconciler.running(), withdrawer.running():
        consume(settings, postgres, stop, lambda batch: graph_writer.wake(batch.batch_id))

"""The consumer as a process: consumes and writes the graph until it is told to stop."""

import gc
import os
import signal
from threading import Event

import structlog

from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.consumer.consumer import consume
from ingest.consumer.graph_writer import GraphWriter
from ingest.consumer.metrics_server import serving_metrics
from ingest.consumer.reconciler import Reconciler
from ingest.faults import FaultyGraph, arm
from ingest.kafka.topics import ensure_topics, wake_coordinator

log = structlog.get_logger()

GRAPH_RETRY_SECONDS = 3.0
"""The graph writer waits by itself, and lets others write meanwhile; the driver's pauses grow to minutes."""


def collect_rarely() -> None:
    """Lets Python's cycle collector look at what a batch makes seldom, and at what is there now never.

    A batch makes some ten containers a transfer, none of them in a cycle, and lets go of all of them: looking
    for cycles among them took nearly half of the time.
    """
    gc.freeze()
    gc.set_threshold(200_000, 10, 10)


def serve(settings: Settings) -> None:
    """Runs until SIGTERM or SIGINT: the batch at hand is finished, and what the graph is owed is written.

    Raises:
        InvalidInput: `AML_FAULT` is set and names no fault, or the metrics would be there for everybody.
        DependencyMissing, TooManyDeadLetters: as `consume`.
    """
    collect_rarely()
    stop = Event()
    for sig in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sig, lambda *_: stop.set())
    door = FaultyGraph if arm(os.environ) else Graph
    ensure_topics(settings)
    wake_coordinator(settings)
    postgres = Postgres(settings.postgres_url)
    graph = door(
        settings.neo4j_url, settings.neo4j_user, settings.neo4j_password, retry_seconds=GRAPH_RETRY_SECONDS
    )
    log.info("consumer_started", topic=settings.transfers_topic, group=settings.consumer_group)
    try:
        with serving_metrics(settings):
            run(settings, postgres, graph, stop)
    finally:
        graph.close()
        postgres.close()
        log.info("consumer_stopped")


def run(settings: Settings, postgres: Postgres, graph: Graph, stop: Event) -> None:
    """Consumes until `stop` is set, writing the graph beside it, and now and then comparing it."""
    reconciler = Reconciler(postgres, graph, settings.reconcile_interval_seconds)
    with GraphWriter(postgres, graph, failed=stop.set).running() as graph_writer, reconciler.running():
        consume(settings, postgres, stop, lambda batch: graph_writer.wake(batch.batch_id))

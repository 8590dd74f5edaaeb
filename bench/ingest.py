"""How fast transfers get from Kafka into both stores, and what the parts could do alone.

Three measurements in one run, on the same transfers: the record alone (facts, pools, offsets; no graph), the
graph alone (MERGE of what the record owes, nothing else running), and end to end: the consumer's process is
started on a topic that is already full, and the clock stops when both stores hold everything.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import text

from app.graph import Graph
from app.migrate import migrate
from app.postgres import Postgres
from app.projection.owed import behind, project_all_owed
from app.projection.schema import prepare, wipe
from app.scoring.reads import record_id
from app.settings import PROJECT, Settings
from app.status import ingestion_status
from bench.machine import machine
from embedded.stack import Stack
from embedded.urls import environment
from ingest.producer import produce
from ingest.simulator.simulate import simulate
from ingest.writer import Message, write_batch

_CLEAR = text(
    "TRUNCATE transactions, flows, pools, wallets, assets, batches, ingestion_state,"
    " retractions, dead_letters"
)


def run(transfers: int) -> dict[str, Any]:
    """Measures on embedded servers of its own; returns figures as a JSON-able dictionary."""
    story = simulate(1, wallets=max(300, transfers // 3), transfers=transfers).transfers
    with tempfile.TemporaryDirectory(prefix="aml-bench-") as folder, Stack(Path(folder) / "home") as stack:
        os.environ.update(environment(stack.urls))
        settings = Settings()
        postgres = Postgres(settings.postgres_url)
        graph = Graph(settings.neo4j_url, settings.neo4j_user, settings.neo4j_password)
        try:
            migrate(postgres)
            identity = record_id(postgres)
            prepare(graph, identity)
            messages = [Message("bench", 0, i, None, b"", transfer) for i, transfer in enumerate(story)]
            record_seconds = _seconds_of_record(postgres, settings, messages)
            began = time.perf_counter()
            project_all_owed(postgres, graph)
            graph_seconds = time.perf_counter() - began
            with postgres.transaction() as connection:
                connection.execute(_CLEAR)
            wipe(graph)
            prepare(graph, identity)
            produce(story, settings)
            end_to_end, rss = _end_to_end(settings, postgres, graph)
        finally:
            graph.close()
            postgres.close()
    return {
        "machine": machine(),
        "transfers": transfers,
        "record_alone_per_second": round(transfers / record_seconds),
        "graph_alone_per_second": round(transfers / graph_seconds),
        "end_to_end_seconds": round(end_to_end, 1),
        "end_to_end_per_second": round(transfers / end_to_end),
        "end_to_end_of_graph_alone": round(graph_seconds / end_to_end, 2),
        "consumer_peak_mb": round(rss / 2**20),
    }


def _seconds_of_record(postgres: Postgres, settings: Settings, messages: list[Message]) -> float:
    began = time.perf_counter()
    for start in range(0, len(messages), settings.batch_messages):
        batch = messages[start : start + settings.batch_messages]
        postgres.run(lambda connection: write_batch(connection, batch))  # noqa: B023 - run at once
    return time.perf_counter() - began


def _end_to_end(settings: Settings, postgres: Postgres, graph: Graph) -> tuple[float, int]:
    """Seconds from the consumer's start until nothing is behind, and its largest resident size in bytes."""
    peak = 0
    began = time.perf_counter()
    with _consumer() as consumer:
        while consumer.poll() is None:
            peak = max(peak, psutil.Process(consumer.pid).memory_info().rss)
            status = ingestion_status(settings, postgres, graph)
            if status.totals.consumed and status.lag == 0 and not behind(postgres).batches:
                return time.perf_counter() - began, peak
            time.sleep(0.1)
    raise RuntimeError("the consumer ended before everything was ingested")


@contextmanager
def _consumer() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [sys.executable, "-m", "app", "consume"], cwd=PROJECT, stderr=subprocess.DEVNULL
    ) as child:
        try:
            yield child
        finally:
            child.terminate()

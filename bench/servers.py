"""Servers of a benchmark's own, and waiting until all that was produced has arrived."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text

from app.errors import AmlError
from app.projection.schema import prepare, wipe
from app.record.identity import record_id
from app.settings import Settings
from bench.processes import BenchedConsumer
from bench.stores import Stores, stores

POLL_SECONDS = 0.1
IDLE_SECONDS = 600.0

_CLEAR = text(
    "TRUNCATE transactions, flows, pools, wallets, assets, batches, ingestion_state,"
    " retractions, absences, dead_letters, counts"
)
_CONSUMED = text("SELECT coalesce(sum(consumed), 0)::bigint FROM ingestion_state")
_TOTALS = text("""
    SELECT count(*) AS batches, coalesce(sum(stored), 0)::bigint AS stored,
           count(*) FILTER (WHERE projected_at IS NULL) AS owed
    FROM batches
""")


@dataclass(frozen=True, slots=True)
class Servers(Stores):
    """PostgreSQL, Kafka and Neo4j of one benchmark."""

    def clear(self) -> None:
        """Empties both stores."""
        with self.postgres.transaction() as connection:
            connection.execute(_CLEAR)
        wipe(self.graph)
        prepare(self.graph, self.postgres.run(record_id))

    def totals(self) -> Row[Any]:
        """How many batches there are, how many transfers they stored, and how many the graph is owed."""
        with self.postgres.transaction() as connection:
            return connection.execute(_TOTALS).one()

    def wait_until_ingested(self, messages: int, consumer: BenchedConsumer, *, graph: bool) -> None:
        """Returns when the record holds so many messages, and the graph, if asked for, what the record does.

        Raises:
            AmlError: the consumer ended, or nothing moves any more.
        """
        last, changed = (0, 0), time.perf_counter()
        while True:
            consumer.check()
            with self.postgres.transaction() as connection:
                consumed = connection.execute(_CONSUMED).scalar_one()
            now = consumed, self.totals().owed
            if consumed >= messages and not (graph and now[1]):
                return
            if now != last:
                last, changed = now, time.perf_counter()
            elif time.perf_counter() - changed > IDLE_SECONDS:
                raise AmlError(f"Nothing has moved for {IDLE_SECONDS:.0f} s at {consumed} of {messages}.")
            time.sleep(POLL_SECONDS)


@contextmanager
def servers() -> Iterator[Servers]:
    """Embedded servers in a temporary folder, with Java's full compiler and 2 GiB for Neo4j unless set."""
    os.environ.setdefault("AML_FAST_START", "0")
    os.environ.setdefault("AML_NEO4J_HEAP", "2g")
    with stores("kafka") as opened:
        yield Servers(opened.settings, opened.postgres, opened.graph, opened.pids)


def conditions(settings: Settings) -> dict[str, Any]:
    """What a figure of ingestion depends on beside the machine."""
    return {
        "java_compiler": "full" if os.environ["AML_FAST_START"] == "0" else "fast start",
        "neo4j_heap": os.environ["AML_NEO4J_HEAP"],
        "batch_messages": settings.batch_messages,
        "batch_seconds": settings.batch_seconds,
    }

"""One trial: a record, a topic and a graph of its own, consumers as processes, and what came of it all."""

import os
import signal
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

import psutil
from sqlalchemy import text

from app.settings import PROJECT, Settings
from app.stores.graph import Graph
from app.stores.kafka_offsets import partition_offsets
from app.stores.postgres import Postgres, is_retryable
from cypher import Query
from embedded.process import Child, Command
from embedded.stack import Stack
from ingest.kafka.producer import produce
from tests.faults.story import Event
from tests.support.content import is_equal, record_digest
from tests.support.environment import environment
from tests.support.ingesting import wait_until

WAIT_SECONDS = 180
BATCH_MESSAGES = 10
SESSION_SECONDS = 3
_numbers = count(1)
_RECORDED = text("""
    SELECT transaction_hash, transfer_index, block_number, retracted_batch_id IS NOT NULL FROM transactions
""")
_PROGRESS = text("""
    SELECT (SELECT coalesce(max(batch_id), 0) FROM batches),
           (SELECT count(*) FROM batches WHERE projected_at IS NOT NULL),
           (SELECT count(*) FROM batches WHERE projected_at IS NULL)
""")
_POSITIONS = text("SELECT partition, next_offset FROM ingestion_state")
_PROJECTED = Query(
    "test/projected", "", frozenset(), (),
    "CYPHER 25 MATCH ()-[t:TRANSFER]->() RETURN t.transaction_hash AS hash, t.seq % 65536 AS index, "
    "t.seq / 4294967296 AS block, coalesce(t.retracted, false) AS retracted",
)  # fmt: skip


@dataclass(frozen=True)
class Settled:
    """What a record must hold in the end."""

    transfers: Counter[tuple[object, ...]]
    digest: tuple[object, ...]
    refused: int


@dataclass
class Trial:
    """The servers, a record, topic and graph on them, and the consumers that work on these."""

    stack: Stack
    settings: Settings
    postgres: Postgres
    graph: Graph
    consumers: list[Child] = field(default_factory=list)

    def send(self, events: Iterable[Event]) -> None:
        """Puts events into the topic."""
        produce(events, self.settings)

    def consumer(self, fault: str = "") -> Child:
        """Starts a consumer process, with a fault or without."""
        return self.process(("-m", "app.cli", "consume"), fault)

    def process(self, arguments: tuple[str, ...], fault: str = "") -> Child:
        """Starts a Python process on this trial's record, topic and graph."""
        name = f"process-{next(_numbers)}"
        command = Command((sys.executable, *arguments), PROJECT, environment=self._environment(fault))
        self.stack.start(name, command)
        child = self.stack._clients[name]
        self.consumers.append(child)
        return child

    def _environment(self, fault: str) -> dict[str, str]:
        return environment(self.settings) | {
            "AML_BATCH_MESSAGES": str(BATCH_MESSAGES),
            "AML_BATCH_WAIT_SECONDS": "0.05",
            "AML_SESSION_TIMEOUT_SECONDS": str(SESSION_SECONDS),
            "AML_FAULT": fault,
        }

    def progress(self) -> tuple[int, int, int]:
        """Last batch of the record, batches the graph has, batches it is owed."""
        with self.postgres.transaction() as connection:
            last, projected, owed = connection.execute(_PROGRESS).one()
            return last, projected, owed

    def recorded(self) -> bool:
        """The record has everything that was sent."""
        try:
            with self.postgres.transaction() as connection:
                positions = {row.partition: row.next_offset for row in connection.execute(_POSITIONS)}
            ends = partition_offsets(self.settings, timeout_seconds=5)
        except Exception as exc:
            if is_retryable(exc):
                return False
            raise
        return all(positions.get(partition, 0) == offsets.end for partition, offsets in ends.items())

    def arrived(self) -> bool:
        """Both stores have everything that was sent."""
        return self.recorded() and self.progress()[2] == 0

    def await_arrival(self, *alive: Child) -> None:
        """Returns when both stores have everything; these consumers must not end before."""

        def arrived() -> bool:
            for child in alive:
                assert child.process.poll() is None, child.log_tail()
            return self.arrived()

        wait_until(arrived, WAIT_SECONDS)

    def verify(self, settled: Settled) -> tuple[int, int]:
        """Lost and doubled transfers in both stores.

        The record must have the digest of the clean ingest, and the graph must equal the record.
        """
        found = recorded_transfers(self.postgres)
        edges = Counter(tuple(row.values()) for row in self.graph.read(_PROJECTED))
        lost = (settled.transfers - found).total() + (settled.transfers - edges).total()
        doubled = (found - settled.transfers).total() + (edges - settled.transfers).total()
        assert (lost, doubled) == (0, 0)
        assert record_digest(self.postgres) == settled.digest
        assert is_equal(self.postgres, self.graph)
        with self.postgres.transaction() as connection:
            dead = text("SELECT count(*), count(published_at) FROM dead_letters")
            assert connection.execute(dead).one() == (settled.refused, settled.refused)
        return lost, doubled

    def stop_all(self) -> None:
        """Ends every process of this trial; those that still run must end well."""
        running = [child for child in self.consumers if child.process.poll() is None]
        for child in running:
            os.kill(child.process.pid, signal.SIGTERM)
        for child in running:
            assert child.ended(60), child.log_tail()
            assert child.process.returncode == 0, child.log_tail()


def recorded_transfers(postgres: Postgres) -> Counter[tuple[object, ...]]:
    """Every transfer of the record, as often as it is there."""
    with postgres.transaction() as connection:
        return Counter(tuple(row) for row in connection.execute(_RECORDED))


def await_death(child: Child) -> None:
    """Returns when the fault has killed the process."""
    assert child.ended(WAIT_SECONDS), f"the fault was never reached:\n{child.log_tail()}"
    assert child.process.returncode == -signal.SIGKILL, child.log_tail()


def await_freeze(child: Child) -> None:
    """Returns when the fault has stopped the process."""
    process = psutil.Process(child.process.pid)

    def frozen() -> bool:
        assert child.process.poll() is None, child.log_tail()
        return process.status() == psutil.STATUS_STOPPED

    wait_until(frozen, WAIT_SECONDS)


def await_log(child: Child, event: str) -> None:
    """Returns when the process has logged the event."""

    def logged() -> bool:
        assert child.process.poll() is None, child.log_tail()
        with child.log.open("rb") as file:
            file.seek(child.log_start)
            return event.encode() in file.read()

    wait_until(logged, WAIT_SECONDS)


@contextmanager
def graph_away(trial: Trial) -> Iterator[None]:
    """Neo4j is stopped inside the block and answers again after it."""
    trial.stack.kill("neo4j", signal.SIGTERM)
    assert trial.stack._children["neo4j"].ended(30)
    try:
        yield
    finally:
        trial.stack.restart("neo4j")

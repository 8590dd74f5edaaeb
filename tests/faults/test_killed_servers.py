"""The consumer outlives its servers: killed in the midst of a transaction, restarted, away for a while."""

import os
import signal
from time import monotonic

import pytest

from tests.faults.story import Tale
from tests.faults.table import Table
from tests.faults.trial import Settled, Trial, await_freeze, await_log, graph_away
from tests.support.ingesting import wait_until

ROUNDS = (int(os.environ.get("AML_FAULT_ROUNDS", "1")) + 3) // 4
AWAY_SECONDS = 60 if "AML_FAULT_ROUNDS" in os.environ else 5


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_postgres_and_kafka_are_killed_and_restarted_under_a_working_consumer(
    round_: int, trial: Trial, tale: Tale, settled: Settled, table: Table
) -> None:
    first, second, third = tale.parts(3)
    trial.send(first)
    consumer = trial.consumer(f"inside_postgres_transaction:{round_ % 5 + 2}:freeze")
    await_freeze(consumer)
    trial.stack.kill("postgres")
    os.kill(consumer.process.pid, signal.SIGCONT)
    await_log(consumer, "record_unavailable")
    trial.stack.restart("postgres")
    postgres_back = monotonic()
    trial.await_arrival(consumer)
    postgres_seconds = monotonic() - postgres_back

    trial.send(second)
    trial.stack.kill("kafka")
    trial.stack.restart("kafka")
    kafka_back = monotonic()
    trial.send(third)
    trial.await_arrival(consumer)
    kafka_seconds = monotonic() - kafka_back
    trial.stop_all()
    lost, doubled = trial.verify(settled)
    injected = "the consumer inside a transaction that has written everything"
    table.add("PostgreSQL killed and restarted", injected, postgres_seconds, lost, doubled, kills=1)
    table.add("Kafka killed and restarted", "while it is read", kafka_seconds, lost, doubled, kills=1)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_neo4j_is_killed_and_restarted_under_a_working_consumer(
    round_: int, trial: Trial, tale: Tale, settled: Settled, table: Table
) -> None:
    trial.send(tale.arriving)
    consumer = trial.consumer(f"inside_graph_write:{round_ % 3 + 1}:freeze")
    await_freeze(consumer)
    trial.stack.kill("neo4j")
    os.kill(consumer.process.pid, signal.SIGCONT)
    trial.stack.restart("neo4j")
    neo4j_back = monotonic()
    trial.await_arrival(consumer)
    seconds = monotonic() - neo4j_back
    trial.stop_all()
    lost, doubled = trial.verify(settled)
    injected = "inside a transaction of the consumer, at a random moment of it"
    table.add("Neo4j killed and restarted", injected, seconds, lost, doubled, kills=1)


def test_neo4j_is_away_while_the_record_goes_on(
    trial: Trial, tale: Tale, settled: Settled, table: Table
) -> None:
    first, second, third = tale.parts(3)
    trial.send(first)
    consumer = trial.consumer()
    trial.await_arrival(consumer)
    with graph_away(trial):
        gone = monotonic()
        trial.send(second)
        wait_until(trial.recorded)
        await_log(consumer, "graph_unavailable")
        wait_until(lambda: monotonic() - gone > AWAY_SECONDS)
        trial.send(third)
        wait_until(trial.recorded)
        assert trial.progress()[2] > 0
    neo4j_back = monotonic()
    trial.await_arrival(consumer)
    seconds = monotonic() - neo4j_back
    trial.stop_all()
    lost, doubled = trial.verify(settled)
    injected = "between writes; the record goes on meanwhile"
    table.add(f"Neo4j away for {AWAY_SECONDS} s", injected, seconds, lost, doubled, kills=0)

"""Several consumers of one group: frozen and woken, joining and leaving, killed in turn; a replay."""

import os
import signal
from time import monotonic

import pytest
from sqlalchemy import text

from tests.faults.story import Tale
from tests.faults.table import Table
from tests.faults.trial import Settled, Trial, await_death, await_freeze, await_log
from tests.support.ingesting import messages_in_topic, wait_until

LONG = "AML_FAULT_ROUNDS" in os.environ
ROUNDS = (int(os.environ.get("AML_FAULT_ROUNDS", "1")) + 3) // 4
KILLS = 6 if LONG else 2
FROZEN_AT = ("after_decode", "inside_postgres_transaction", "between_postgres_and_offset_commit")


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_consumer_that_was_frozen_past_its_session_writes_nothing_of_what_others_have_written_since(
    round_: int, trial: Trial, tale: Tale, settled: Settled, table: Table
) -> None:
    point = FROZEN_AT[round_ % len(FROZEN_AT)]
    trial.send(tale.arriving)
    frozen = trial.consumer(f"{point}:{round_ % 4 + 2}:freeze")
    await_freeze(frozen)
    other = trial.consumer()
    trial.await_arrival(other)
    os.kill(frozen.process.pid, signal.SIGCONT)
    woken = monotonic()
    await_log(frozen, "offset_not_committed")
    trial.await_arrival(frozen, other)
    seconds = monotonic() - woken
    trial.stop_all()
    lost, doubled = trial.verify(settled)
    injected = "past its session timeout, while another reads its partitions"
    table.add(f"consumer frozen: `{point}`, and woken", injected, seconds, lost, doubled, kills=0)


@pytest.mark.parametrize("round_", range(2 * ROUNDS if LONG else 1))
def test_a_consumer_is_killed_during_a_rebalance_and_another_joins_and_leaves(
    round_: int, trial: Trial, tale: Tale, settled: Settled, table: Table
) -> None:
    parts = tale.parts(4)
    trial.send(parts[0])
    first = trial.consumer(f"during_rebalance:{2 + round_ % 2}")  # its own joining is the first
    await_log(first, "batch_written")
    second = trial.consumer()
    await_death(first)
    died = monotonic()
    trial.send(parts[1])
    trial.await_arrival(second)
    seconds = monotonic() - died

    third = trial.consumer()
    trial.send(parts[2])
    await_log(third, "partitions_assigned")
    os.kill(third.process.pid, signal.SIGTERM)
    left = monotonic()
    trial.send(parts[3])
    trial.await_arrival(second)
    leaving_seconds = monotonic() - left
    trial.stop_all()
    lost, doubled = trial.verify(settled)
    injected = "its partitions just taken, or just given anew, since another consumer joins"
    table.add("consumer killed: `during_rebalance`", injected, seconds, lost, doubled, kills=1)
    injected = "two rebalances while messages arrive"
    table.add("another consumer joins and leaves", injected, leaving_seconds, lost, doubled, kills=0)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_two_consumers_that_share_four_partitions_are_killed_in_turn_under_load(
    round_: int, trial: Trial, tale: Tale, settled: Settled, table: Table
) -> None:
    parts = tale.parts(KILLS + 1)
    working = [trial.consumer(), trial.consumer()]
    for child in working:
        await_log(child, "partitions_assigned")
    for part in parts[:-1]:
        reached = trial.progress()[0] + round_ % 3
        trial.send(part)
        wait_until(lambda reached=reached: trial.progress()[0] > reached)  # the load has reached them
        victim = working.pop(0)
        os.kill(victim.process.pid, signal.SIGKILL)
        await_death(victim)
        died = monotonic()
        working.append(trial.consumer())
    trial.send(parts[-1])
    trial.await_arrival(*working)
    seconds = monotonic() - died
    trial.stop_all()
    lost, doubled = trial.verify(settled)
    injected = f"one every few seconds, {KILLS} in a trial, while messages arrive"
    name = "two consumers on four partitions killed in turn"
    table.add(name, injected, seconds, lost, doubled, kills=KILLS)


def test_the_whole_topic_is_read_again_from_the_start(
    trial: Trial, tale: Tale, settled: Settled, table: Table
) -> None:
    trial.send(tale.arriving)
    consumer = trial.consumer()
    trial.await_arrival(consumer)
    trial.stop_all()
    messages = messages_in_topic(trial.settings)
    with trial.postgres.transaction() as connection:  # the record decides where reading begins
        connection.execute(text("UPDATE ingestion_state SET next_offset = 0"))
    began = monotonic()
    killed = trial.consumer("after_decode:9")
    await_death(killed)
    again = trial.consumer()
    wait_until(lambda: _consumed(trial) >= 2 * messages)
    trial.await_arrival(again)
    seconds = monotonic() - began
    trial.stop_all()
    lost, doubled = trial.verify(settled)
    injected = "the record's offsets set to 0, killed once on the way"
    table.add("the same topic replayed from the start", injected, seconds, lost, doubled, kills=1)


def _consumed(trial: Trial) -> int:
    with trial.postgres.transaction() as connection:
        return int(connection.execute(text("SELECT sum(consumed) FROM ingestion_state")).scalar_one())

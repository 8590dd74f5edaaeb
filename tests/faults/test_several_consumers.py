"""Several consumers of one group: frozen and woken, joining and leaving, killed in turn."""

import os
import signal
from time import monotonic

import pytest

from tests.faults.story import Tale
from tests.faults.table import Table
from tests.faults.trial import Settled, Trial, await_death, await_freeze, await_log
from tests.ingesting import wait_until

ROUNDS = (int(os.environ.get("AML_FAULT_ROUNDS", "1")) + 3) // 4
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


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_second_consumer_joins_and_leaves_during_the_load(
    round_: int, trial: Trial, tale: Tale, settled: Settled, table: Table
) -> None:
    parts = tale.parts(4)
    trial.send(parts[0])
    first = trial.consumer()
    await_log(first, "batch_written")
    second = trial.consumer()
    trial.send(parts[1])
    await_log(second, "partitions_assigned")
    trial.send(parts[2])
    await_log(second, "batch_written")
    is_killed = round_ % 2 == 1
    os.kill(second.process.pid, signal.SIGKILL if is_killed else signal.SIGTERM)
    left = monotonic()
    trial.send(parts[3])
    trial.await_arrival(first)
    seconds = monotonic() - left
    trial.stop_all()
    lost, doubled = trial.verify(settled)
    injected = "two rebalances while messages arrive"
    table.add("a second consumer joins and leaves", injected, seconds, lost, doubled, kills=is_killed)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_two_consumers_that_share_the_partitions_are_killed_in_turn(
    round_: int, trial: Trial, tale: Tale, settled: Settled, table: Table
) -> None:
    parts = tale.parts(3)
    left = trial.consumer(f"after_decode:{round_ % 3 + 3}")
    right = trial.consumer("between_postgres_and_offset_commit:4")
    await_log(left, "partitions_assigned")
    await_log(right, "partitions_assigned")
    trial.send(parts[0])
    wait_until(lambda: left.process.poll() is not None or right.process.poll() is not None)
    died = monotonic()
    replacement = trial.consumer()
    trial.send(parts[1])
    for child in (left, right):
        await_death(child)
    trial.send(parts[2])
    trial.await_arrival(replacement)
    seconds = monotonic() - died
    trial.stop_all()
    lost, doubled = trial.verify(settled)
    injected = "one inside a batch, the other before its offset"
    table.add("two consumers killed in turn", injected, seconds, lost, doubled, kills=2)

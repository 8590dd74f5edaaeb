"""A consumer that is killed anywhere loses nothing and doubles nothing; nor does a killed rebuild."""

import os
from random import Random
from time import monotonic

import pytest

from app.errors import InUse
from app.projection.rebuild import rebuild
from tests.faults.story import Tale
from tests.faults.table import Table
from tests.faults.trial import WAIT_SECONDS, Settled, Trial, await_death
from tests.support.ingesting import wait_until

ROUNDS = int(os.environ.get("AML_FAULT_ROUNDS", "1"))
LOOK_SECONDS = 0.1
# Where, and at which time it is reached: late enough for some progress before, so that recovery can be seen.
POINTS = {
    "after_poll": ("messages read from Kafka, not yet decoded", 2, 4),
    "after_decode": ("messages decoded, nothing written", 2, 4),
    "inside_postgres_transaction": ("everything of a batch written, not yet committed", 2, 4),
    # Seldom reached: how many batches restate depends on how Kafka mixes the partitions.
    "during_restatement": ("late transfers have restated others, not yet committed", 1, 2),
    "between_postgres_and_offset_commit": ("batch committed in PostgreSQL, offset not in Kafka", 2, 4),
    "after_offset_commit": ("offset committed, graph not yet told", 2, 4),
    "inside_graph_write": ("a random moment of a write into Neo4j", 1, 3),
    "between_graph_write_and_acknowledgement": ("graph written, still owed according to PostgreSQL", 1, 1),
}


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_consumer_killed_at_every_point_in_turn_loses_and_doubles_nothing(
    round_: int, trial: Trial, tale: Tale, settled: Settled, table: Table
) -> None:
    rng = Random(round_)
    parts = iter(tale.parts(len(POINTS) + 1))
    recovery = Recovery(trial)
    points = rng.sample(list(POINTS), len(POINTS))
    faults = [f"{point}:{rng.randint(*POINTS[point][1:])}" for point in points]
    trial.send(next(parts))
    consumer = trial.consumer(faults[0])
    for point, next_fault in zip(points, [*faults[1:], ""], strict=True):
        while consumer.process.poll() is None and recovery.look():
            consumer.ended(LOOK_SECONDS)
        await_death(consumer)
        recovery.died(point)
        trial.send(next(parts))
        consumer = trial.consumer(next_fault)
    wait_until(lambda: not recovery.look(), WAIT_SECONDS)
    trial.await_arrival(consumer)
    trial.stop_all()
    lost, doubled = trial.verify(settled)
    for point, seconds in recovery.seconds.items():
        table.add(f"consumer killed: `{point}`", POINTS[point][0], seconds, lost, doubled, kills=1)


class Recovery:
    """Seconds from each death until both stores have more than they had then, whoever brings it."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._open: dict[str, tuple[float, int, int]] = {}
        self.seconds: dict[str, float] = {}

    def died(self, point: str) -> None:
        """Notes a death."""
        last, projected, _ = self._trial.progress()
        self._open[point] = monotonic(), last, projected

    def look(self) -> bool:
        """Notes who has recovered meanwhile; says whether somebody has not."""
        last, projected, _ = self._trial.progress()
        for point, (died, last_then, projected_then) in list(self._open.items()):
            if last > last_then and projected > projected_then:
                self.seconds[point] = monotonic() - died
                del self._open[point]
        return bool(self._open)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_rebuild_killed_at_any_step_is_run_again_while_the_consumer_works(
    round_: int, trial: Trial, tale: Tale, settled: Settled, table: Table
) -> None:
    first, rest = tale.parts(2)
    trial.send(first)
    consumer = trial.consumer()
    trial.await_arrival(consumer)
    trial.send(rest)
    await_death(trial.process(("-m", "tests.faults.reload"), f"during_reload:{round_ % 4 + 1}"))
    died = monotonic()
    wait_until(lambda: rebuilt(trial))
    seconds = monotonic() - died
    trial.await_arrival(consumer)
    trial.stop_all()
    lost, doubled = trial.verify(settled)
    injected = "a random step of the rebuild, beside a working consumer"
    table.add("rebuild killed: `during_reload`", injected, seconds, lost, doubled, kills=1)


def rebuilt(trial: Trial) -> bool:
    """Rebuilds the graph; not while PostgreSQL has not yet noticed that the last rebuild is dead."""
    try:
        return rebuild(trial.postgres, trial.graph, lambda _step, _part: None).equal
    except InUse:
        return False

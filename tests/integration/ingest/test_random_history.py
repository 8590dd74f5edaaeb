"""Record and graph equal a model written from the rule alone, midway and at the end of a random history.

`AML_HISTORY_EVENTS=100000` (`make test-history`) is the long form.
"""

import os

import pytest

from app.stores.graph import Graph
from app.stores.postgres import Postgres
from tests.support.histories.random_history import history
from tests.support.histories.record_model import Model, compare
from tests.support.histories.written_again import write_again

EVENTS = int(os.environ.get("AML_HISTORY_EVENTS", "2000"))
SEEDS = [1, 2] if EVENTS <= 5_000 else [3]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_history_ends_where_the_rule_says(postgres: Postgres, graph: Graph, seed: int) -> None:
    batches = list(history(seed, EVENTS))
    model = Model()
    for number, batch in enumerate(batches):
        written = write_again(postgres, batch)
        assert sum(each.messages for each in written) == len(batch)
        for message in batch:
            model.add(message)
        if number in (len(batches) // 2, len(batches) - 1):
            compare(postgres, graph, model)

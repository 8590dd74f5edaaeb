"""Record and graph equal a model written from the rule alone, midway and at the end of a random history.

`AML_HISTORY_EVENTS=100000` (`make test-history`) is the long form.
"""

import os
import random
from dataclasses import replace

import pytest

from app.record.imports import find_import, undo_import
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.record.withdrawal import withdraw_some
from ingest.record.writer import DecodedMessage
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


def undo(postgres: Postgres, import_id: str, *, limit: int) -> None:
    """As `aml import undo`, some words at a time."""
    with postgres.transaction() as connection:
        number, _ = find_import(connection, import_id)
        undo_import(connection, number)
    while postgres.run(lambda connection: withdraw_some(connection, number, limit)):
        pass


def imported(r: random.Random, batch: list[DecodedMessage], importing: list[str]) -> list[DecodedMessage]:
    """The batch, where some messages are those of an import."""
    return [replace(m, import_id=r.choice(importing)) if r.random() < 0.6 else m for m in batch]


@pytest.mark.parametrize("seed", SEEDS)
def test_imports_of_a_random_history_that_are_undone_were_never_said(
    postgres: Postgres, graph: Graph, seed: int
) -> None:
    """Messages of imports between those of producers, some imports undone while their messages still come."""
    r = random.Random(seed)
    model, importing = Model(), [f"{number:012x}" for number in range(4)]
    known: set[str] = set()
    batches = list(history(seed, EVENTS))
    for number, plain in enumerate(batches):
        batch = imported(r, plain, importing)
        write_again(postgres, batch)
        for message in batch:
            model.add(message)
            known |= {message.import_id} - {None}  # type: ignore[arg-type]
        if r.random() < 0.15 and (undoable := sorted(known - model.undone)):  # type: ignore[operator]
            gone = r.choice(undoable)
            undo(postgres, gone, limit=r.choice([3, 50, 4_000]))
            model.undo(gone)
            importing[r.randrange(4)] = f"{number + 100:012x}"
        if number in (len(batches) // 2, len(batches) - 1):
            compare(postgres, graph, model)
    assert len(model.undone) > 3

"""A late transfer costs memory that does not depend on its pools, and time for what changes behind it only.

`AML_LATE_TRANSFERS=1000000` (`make test-late`) is the long form.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event

from app.settings import PROJECT, Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from bench.busy_pool import fill, late_transfers
from tests.support.builders import transfer
from tests.support.content import is_equal
from tests.support.environment import environment
from tests.support.ingesting import ingest
from tests.support.record import ask, write

LATER = int(os.environ.get("AML_LATE_TRANSFERS", "60000"))
MAX_GROWTH_BYTES = 32 << 20
"""What restating may add to the process; kept as objects, 60,000 transfers alone take three times as much."""


def test_one_late_transfer_takes_the_same_memory_whatever_comes_after_it(
    settings: Settings, postgres: Postgres
) -> None:
    fill(postgres, LATER)

    figures = write_late(settings, transfers=1, batches=1)

    assert figures["restated_a_batch"] == LATER
    assert figures["peak_bytes"] < 500_000_000
    assert figures["peak_bytes"] - figures["before_bytes"] < MAX_GROWTH_BYTES
    assert ask(
        postgres, "SELECT count(*) FROM flows WHERE revision = (SELECT max(batch_id) FROM batches)"
    ) == (LATER + 1)


def write_late(settings: Settings, *, transfers: int, batches: int) -> dict[str, Any]:
    """What `bench.late_writer` prints."""
    child = subprocess.run(
        [sys.executable, "-m", "bench.late_writer", str(transfers), str(batches), "0"],
        cwd=PROJECT,
        env=os.environ | environment(settings),
        stdout=subprocess.PIPE,
        check=True,
    )
    figures: dict[str, Any] = json.loads(child.stdout)
    return figures


def test_nothing_is_read_behind_the_place_where_the_pool_is_as_it_was(postgres: Postgres) -> None:
    """A send of more than the pool had empties it, with or without a late deposit before it."""
    emptied = [transfer(10, 1, 2, 100), transfer(20, 2, 3, 200)]
    later = [transfer(30 + n, 1, 2, 10 + n) if n % 2 else transfer(30 + n, 2, 3, 3) for n in range(3_000)]
    write(postgres, [*emptied, *later])

    with rows_read_of_flows() as read:
        batch = write(postgres, [transfer(15, 4, 2, 30)], offset=4_000)

    assert batch.restated == 1
    assert sum(read) < 300
    assert ask(postgres, "SELECT unobserved FROM flows WHERE seq = :seq", seq=20 << 32) == 70


def test_a_historic_import_takes_fewer_batches_than_others(
    settings: Settings, postgres: Postgres, graph: Graph
) -> None:
    """What comes behind its transfers is restated once for many of them."""
    fill(postgres, 2_000)
    small = settings.model_copy(update={"batch_messages": 20})

    ingest(small, postgres, graph, late_transfers(1_000))

    assert ask(postgres, "SELECT sum(stored) FROM batches") == 3_000
    restating = "SELECT count(*) FROM batches WHERE restated > 0"
    assert ask(postgres, restating) <= 20  # instead of 50
    assert is_equal(postgres, graph)


@contextmanager
def rows_read_of_flows() -> Iterator[list[int]]:
    """How many rows each SELECT on `flows` inside the block returned."""
    read: list[int] = []

    def count(
        _connection: Connection,
        cursor: Any,  # noqa: ANN401 - the driver's own
        statement: str,
        *_: object,
    ) -> None:
        if statement.lstrip().startswith("SELECT") and "flows" in statement:
            read.append(cursor.rowcount)

    event.listen(Engine, "after_cursor_execute", count)
    try:
        yield read
    finally:
        event.remove(Engine, "after_cursor_execute", count)

"""Writing a batch reads what the batch is about, whatever the size of the record.

The statements are planned as the batch executes them, with its own values: the planner knows how long
their arrays are, and reads a whole table as soon as it thinks that cheaper than as many look-ups.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine

from app.stores.postgres import Postgres
from tests.support.builders import START, retraction, transfer
from tests.support.plans.large_statistics import restore_large_statistics
from tests.support.plans.sql_plans import unbounded_reads
from tests.support.record import write

TRANSFERS = 4_000
"""As many as the consumer writes together, at most."""


@contextmanager
def plans() -> Iterator[dict[str, dict[str, Any]]]:
    """The plan of every statement that is executed inside the block, by the statement's first words."""
    found: dict[str, dict[str, Any]] = {}

    def explain(
        _connection: Connection, cursor: Any, statement: str, parameters: Any, _context: object, many: bool  # noqa: ANN401, FBT001 - SQLAlchemy's event
    ) -> None:  # fmt: skip
        words = statement.split()
        if many or words[0] not in {"SELECT", "INSERT", "UPDATE", "DELETE"}:
            return
        with cursor.connection.cursor() as own:
            own.execute(f"EXPLAIN (FORMAT json) {statement}", parameters)
            found[" ".join(words[:8])] = own.fetchone()[0][0]["Plan"]

    event.listen(Engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", explain)


def chain_of(count: int, first: int) -> list[Any]:
    """Transfers of as many transactions, each wallet to the next."""
    return [transfer(first + n, first + n, first + n + 1, 1_000 - n % 7) for n in range(count)]


@pytest.mark.parametrize("scale", [0.001, 0.01, 1.0])
def test_a_batch_is_looked_up_in_indexes(postgres: Postgres, scale: float) -> None:
    early = chain_of(TRANSFERS, 10)
    write(postgres, [*early, retraction(transfer(1, 1, 2, 3))])
    with postgres.transaction() as connection:
        restore_large_statistics(connection, scale)
    again = [replace(t, observed_at=START) for t in early[::50]]
    with plans() as executed:
        # New ones, late ones that restate what follows, and repeats that were seen later.
        batch = write(
            postgres, [*chain_of(TRANSFERS, 9_000), *chain_of(100, 5), *again], offset=2 * TRANSFERS
        )
    assert batch.stored > TRANSFERS
    assert batch.restated
    assert len(executed) > 12
    reads = {name: faults for name, plan in executed.items() if (faults := unbounded_reads(plan))}
    assert reads == {}, json.dumps(reads, indent=1)

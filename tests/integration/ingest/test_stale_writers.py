"""A writer that has lost its lock or its partition, and does not know yet, overwrites nothing newer."""

from collections.abc import Iterator
from threading import Event, Thread

import pytest

from app.errors import NotReady
from app.projection.pending import project_pending
from app.projection.rebuild import rebuild
from app.projection.rows import TRANSFER_ROWS, WALLET_ROWS, Page
from app.projection.state import State, owned_state
from app.projection.write import write_transfers, write_wallets
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from cypher import Query
from tests.support.content import is_equal
from tests.support.projection_record import ROWS, add_batch, restate, retract
from tests.support.record import ask

VALUES = Query(
    "test/values",
    "",
    frozenset(),
    ("edge",),
    "CYPHER 25 MATCH ()-[t:TRANSFER]->() RETURN properties(t) AS edge ORDER BY t.transfer_id",
)


@pytest.fixture
def stale(postgres: Postgres, graph: Graph) -> Iterator[tuple[State, Page, Page]]:
    """What a consumer has read of a batch before it froze; meanwhile others restate, retract and project."""
    batch = add_batch(postgres, ROWS)
    state = owned_state(graph, str(ask(postgres, "SELECT record_id FROM record")))
    with postgres.transaction() as connection:
        (wallets,) = WALLET_ROWS.of_batches(connection, [batch])
        (transfers,) = TRANSFER_ROWS.of_batches(connection, [batch])
    restate(postgres, 2, send_drain=9.5)
    retract(postgres, 3)
    project_pending(postgres, graph)
    yield state, wallets, transfers
    assert is_equal(postgres, graph)


def test_rows_of_an_older_revision_change_nothing(graph: Graph, stale: tuple[State, Page, Page]) -> None:
    state, wallets, transfers = stale
    before = graph.read(VALUES)
    assert write_wallets(graph, state, wallets) == wallets.rows
    assert write_transfers(graph, state, transfers) == transfers.rows
    assert graph.read(VALUES) == before


def test_rows_of_an_older_generation_are_refused_whole(
    postgres: Postgres, graph: Graph, stale: tuple[State, Page, Page]
) -> None:
    state, wallets, transfers = stale
    rebuild(postgres, graph, lambda _step, _part: None)
    before = graph.read(VALUES)
    with pytest.raises(NotReady):
        write_wallets(graph, state, wallets)
    with pytest.raises(NotReady):
        write_transfers(graph, state, transfers)
    assert graph.read(VALUES) == before


def test_stale_and_new_writers_at_the_same_time_end_with_the_newest(
    postgres: Postgres, graph: Graph, stale: tuple[State, Page, Page]
) -> None:
    state, _, transfers = stale
    ended = Event()
    failures: list[BaseException] = []

    def write_stale() -> None:
        try:
            while not ended.is_set():
                write_transfers(graph, state, transfers)
        except BaseException as exc:  # noqa: BLE001 - raised again by the test's thread
            failures.append(exc)

    thread = Thread(target=write_stale)
    thread.start()
    try:
        for number in range(10):
            restate(postgres, 1 + number % 2, send_drain=float(number))
            project_pending(postgres, graph)
    finally:
        ended.set()
        thread.join(60)
    assert failures == []
    assert [row["edge"]["send_drain"] for row in graph.read(VALUES)[:2]] == [8.0, 9.0]

"""A graph that is not the record's ends nothing: the consumer rebuilds it, or waits if told to."""

import pytest

from app.domain import Transfer
from app.errors import AmlError
from app.operations.status import ingestion_status
from app.projection.pending import graph_lag
from app.projection.schema import prepare
from app.projection.state import owned_state, read_state
from app.record.identity import record_id
from app.server.serve import prepare_graph
from app.settings import Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.kafka.producer import produce
from tests.support.builders import story
from tests.support.content import is_equal
from tests.support.graph import spoil
from tests.support.ingesting import reading
from tests.support.record import ask

STATE = "MATCH (s:GraphState)"
OTHER = "00000000-0000-0000-0000-000000000001"
DAMAGES = {
    "state node deleted": [f"{STATE} DELETE s"],
    "emptied": ["MATCH (n:Wallet) DETACH DELETE n", f"{STATE} DELETE s"],
    "ahead of the record": [f"{STATE} SET s.projected_batch = 1000000"],
    "of another record": [f"{STATE} SET s.record_id = '{OTHER}'"],
    "a generation that is a text": [f"{STATE} SET s.generation = 'x'"],
    "a batch that is a text": [f"{STATE} SET s.projected_batch = 'seven'"],
    "nothing left in the state": [f"{STATE} SET s = {{singleton: true}}"],
    "not the state node any more": [f"{STATE} REMOVE s.singleton"],
    "edges without their ids": ["MATCH ()-[t:TRANSFER]->() REMOVE t.transfer_id", f"{STATE} DELETE s"],
}


@pytest.fixture
def rest(settings: Settings) -> list[list[Transfer]]:
    """Parts of a story that have not been sent yet."""
    transfers = list(story().transfers)
    produce(transfers[:300], settings)
    return [transfers[start : start + 20] for start in range(300, 300 + 20 * len(DAMAGES), 20)]


def test_the_consumer_goes_on_and_rebuilds_whatever_was_done_to_the_graph(
    settings: Settings, postgres: Postgres, graph: Graph, rest: list[list[Transfer]]
) -> None:
    def recorded(transfers: int) -> bool:
        return bool(ask(postgres, "SELECT count(*) FROM transactions") == transfers)

    def projected() -> bool:
        return read_state(graph) is not None and not postgres.run(graph_lag).batches

    with reading(settings, postgres, graph) as wait:
        wait(lambda: recorded(300) and projected())
        for sent, (damage, statements) in enumerate(DAMAGES.items(), 1):
            spoil(graph, *statements)
            produce(rest.pop(), settings)
            wait(lambda: recorded(300 + 20 * sent))  # noqa: B023 - called at once
            wait(lambda: not ingestion_status(settings, postgres, graph).graph.problem and projected())
            assert owned_state(graph, str(postgres.run(record_id))), damage
            assert is_equal(postgres, graph), damage


def test_a_graph_that_is_to_be_asked_about_waits_and_says_so(
    settings: Settings, postgres: Postgres, graph: Graph, rest: list[list[Transfer]]
) -> None:
    asking = settings.model_copy(update={"graph_rebuild": "ask"})
    with reading(asking, postgres, graph) as wait:
        wait(lambda: ask(postgres, "SELECT count(*) FROM transactions") == 300)
        wait(lambda: not postgres.run(graph_lag).batches)
        spoil(graph, f"{STATE} SET s.record_id = '{OTHER}'")
        produce(rest.pop(), settings)
        wait(lambda: ask(postgres, "SELECT count(*) FROM transactions") == 320)
        status = ingestion_status(asking, postgres, graph)
        assert not status.graph.ready
        assert "belongs to another record" in (status.graph.problem or "")
        state = read_state(graph)
        assert state
        assert state.record_id == OTHER
        spoil(graph, f"{STATE} SET s.record_id = '{postgres.run(record_id)}'")
        wait(lambda: not postgres.run(graph_lag).batches)
    assert is_equal(postgres, graph)


def test_two_records_do_not_take_one_graph_from_each_other_for_ever(
    settings: Settings, postgres: Postgres, graph: Graph, rest: list[list[Transfer]]
) -> None:
    del rest
    spoil(graph, f"{STATE} SET s.record_id = '{OTHER}', s.taken_from = '{postgres.run(record_id)}'")
    with reading(settings, postgres, graph) as wait:
        wait(lambda: ask(postgres, "SELECT count(*) FROM transactions") == 300)
        problem = ingestion_status(settings, postgres, graph).graph.problem
        assert "belongs to another record" in (problem or "")
        state = read_state(graph)
        assert state
        assert state.record_id == OTHER
    assert postgres.run(graph_lag).batches


@pytest.mark.parametrize("damage", ["of another record", "a generation that is a text"])
def test_the_api_starts_whatever_the_graph_is(postgres: Postgres, graph: Graph, damage: str) -> None:
    spoil(graph, "CREATE (:Wallet {wallet_id: 1})")
    spoil(graph, *DAMAGES[damage])
    prepare_graph(postgres, graph)
    with pytest.raises(AmlError):
        owned_state(graph, str(postgres.run(record_id)))


def test_two_state_nodes_are_told_and_mended(settings: Settings, postgres: Postgres, graph: Graph) -> None:
    spoil(graph, "DROP CONSTRAINT graph_state")
    spoil(graph, f"{STATE} CREATE (other:GraphState) SET other = properties(s)")
    assert read_state(graph) is None
    prepare_graph(postgres, graph)  # says why it cannot, and the API starts
    with reading(settings, postgres, graph) as wait:
        wait(lambda: read_state(graph) is not None)
    prepare(graph, postgres.run(record_id))
    assert is_equal(postgres, graph)

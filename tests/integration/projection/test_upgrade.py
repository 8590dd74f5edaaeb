"""A graph of an older version of the program is written again by whoever projects pending batches."""

import pytest

from app.projection.pending import pending_batches, project_pending
from app.projection.proof import prove
from app.projection.rebuild import rebuild
from app.projection.schema import prepare
from app.projection.state import PROJECTION_VERSION, State, read_state
from app.projection.upgrade import upgraded
from app.record.identity import record_id
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from cypher import Query
from tests.support.graph import spoil
from tests.support.projection_record import ROWS, add_batch, restate, retract
from tests.support.record import ignore

EDGES = Query(
    "test/edges",
    "",
    frozenset(),
    ("edge",),
    "CYPHER 25 MATCH ()-[t:TRANSFER]->() RETURN properties(t) AS edge ORDER BY t.transfer_id",
)
INDEXES = Query("test/indexes", "", frozenset(), ("name",), "CYPHER 25 SHOW INDEXES YIELD name")
OLDER_INDEX = Query(
    "test/older_index",
    "",
    frozenset(),
    (),
    "CYPHER 25 CREATE INDEX transfer_sent FOR ()-[t:TRANSFER]-() ON (t.send_pool, t.send_drain)",
)
OLDER_EDGES = """
    MATCH ()-[t:TRANSFER]->()
    SET t.transfer_index = t.seq % 65536, t.block_number = t.seq / 4294967296,
        t.revision = coalesce(t.revision, t.batch), t.generation = 1,
        t.usd_value_exact = toString(t.usd_value),
        t.unobserved = CASE WHEN t.retracted THEN null ELSE coalesce(t.unobserved, 0.0) END,
        t.unobserved_exact = CASE WHEN t.retracted THEN null ELSE '0' END
"""


@pytest.fixture
def older(postgres: Postgres, graph: Graph) -> list[dict[str, object]]:
    """The graph as version 1 would have written it, with a batch pending; returns the edges before that."""
    add_batch(postgres, ROWS)
    restate(postgres, 2, send_drain=9.5, unobserved=0)
    retract(postgres, 3)
    project_pending(postgres, graph)
    edges = graph.read(EDGES)
    spoil(
        graph,
        OLDER_EDGES,
        "MATCH (w:Wallet) SET w.generation = 1",
        "MATCH (state:GraphState) REMOVE state.projection_version",
    )
    assert state_of(graph).projection_version == 1
    return edges


def state_of(graph: Graph) -> State:
    state = read_state(graph)
    assert state is not None
    return state


def index_names(graph: Graph) -> set[str]:
    return {row["name"] for row in graph.run(INDEXES)}


def test_whoever_projects_next_writes_every_edge_again(
    postgres: Postgres, graph: Graph, older: list[dict[str, object]]
) -> None:
    projected = project_pending(postgres, graph)
    assert (projected.batches, projected.transfers) == (3, len(ROWS))
    assert graph.read(EDGES) == older
    assert prove(postgres, graph).equal
    assert state_of(graph).projection_version == PROJECTION_VERSION
    assert project_pending(postgres, graph).batches == 0


def test_a_rebuild_leaves_nothing_of_an_older_version(
    postgres: Postgres, graph: Graph, older: list[dict[str, object]]
) -> None:
    assert rebuild(postgres, graph, ignore).equal
    assert [row["edge"].keys() - {"generation"} for row in graph.read(EDGES)] == [
        row["edge"].keys() for row in older
    ]
    assert postgres.run(pending_batches) == []


def test_a_crash_after_the_graph_knows_and_before_the_record_does_loses_nothing(
    postgres: Postgres, graph: Graph, older: list[dict[str, object]]
) -> None:
    upgraded(graph, state_of(graph))
    assert project_pending(postgres, graph).batches == 3
    assert graph.read(EDGES) == older


def test_a_graph_of_a_newer_version_is_left_alone(postgres: Postgres, graph: Graph) -> None:
    add_batch(postgres, ROWS)
    project_pending(postgres, graph)
    spoil(graph, f"MATCH (state:GraphState) SET state.projection_version = {PROJECTION_VERSION + 1}")
    assert project_pending(postgres, graph).batches == 0
    assert state_of(graph).projection_version == PROJECTION_VERSION + 1


def test_indexes_of_an_older_version_are_dropped(postgres: Postgres, graph: Graph) -> None:
    graph.run(OLDER_INDEX)
    assert "transfer_sent" in index_names(graph)
    prepare(graph, postgres.run(record_id))
    assert {name for name in index_names(graph) if name.startswith("transfer_")} == {
        "transfer_id",
        "transfer_deposits",
        "transfer_sends",
        "transfer_time",
        "transfer_hash",
    }

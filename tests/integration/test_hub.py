"""A wallet with 50,000 edges is rebuilt, swept, wiped and mended within Neo4j's memory of one transaction."""

from collections.abc import Iterator

import pytest

from app.errors import DependencyMissing
from app.graph import Graph
from app.postgres import Postgres
from app.projection.owed import project_all_owed
from app.projection.proof import prove
from app.projection.rebuild import rebuild
from app.projection.schema import prepare, wipe
from app.projection.state import count
from app.reconcile import reconcile
from cypher import Query
from tests.integration.projection_record import add_batch, ask

EDGES = 50_000
_HUB = Query(
    "test/hub",
    "",
    frozenset({"edges"}),
    (),
    "CYPHER 25 CREATE (hub:Wallet {wallet_id: 900000, generation: 0}) WITH hub "
    "UNWIND range(1, $edges) AS number CALL (hub, number) { "
    "  CREATE (hub)-[:TRANSFER {transfer_id: 900000 + number, generation: 0}]->"
    "         (:Wallet {wallet_id: 900000 + number, generation: 0}) "
    "} IN TRANSACTIONS OF 5000 ROWS",
)
_DELETE_HUB = Query(
    "test/delete",
    "",
    frozenset(),
    (),
    "CYPHER 25 MATCH (hub:Wallet {wallet_id: 900000}) DETACH DELETE hub",
)


@pytest.fixture
def hub(postgres: Postgres, graph: Graph) -> Iterator[Graph]:
    """A graph with a hub of no record beside what the record holds."""
    add_batch(postgres, [(1, 2), (2, 3)])
    project_all_owed(postgres, graph)
    graph.run(_HUB, {"edges": EDGES})
    yield graph
    wipe(graph)


def test_a_rebuild_sweeps_a_hub_that_is_too_large_to_be_deleted_at_once(
    postgres: Postgres, hub: Graph
) -> None:
    with pytest.raises(DependencyMissing, match="memory"):
        hub.run(_DELETE_HUB)
    report = rebuild(postgres, hub, lambda _step, _part: None)
    assert (report.equal, report.swept, report.transfers) == (True, 2 * EDGES + 1, 2)


def test_a_repair_deletes_a_hub_and_a_wipe_too(postgres: Postgres, hub: Graph) -> None:
    report = reconcile(postgres, hub, lambda _step, _part: None, repair=True)
    assert (report.equal, report.differences) == (True, 2 * EDGES + 1)
    hub.run(_HUB, {"edges": EDGES})
    wipe(hub)
    assert (count(hub).transfers, count(hub).wallets) == (0, 0)
    prepare(hub, ask(postgres, "SELECT record_id FROM record"))
    assert prove(postgres, hub).equal

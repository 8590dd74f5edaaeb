"""A wallet with 50,000 edges goes page by page, edges first: swept by a rebuild, by a repair, wiped."""

from collections.abc import Iterator

import pytest

from app.operations.reconcile import reconcile
from app.projection.pending import project_all_pending
from app.projection.proof import prove
from app.projection.rebuild import rebuild
from app.projection.schema import prepare, wipe
from app.projection.state import count
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from cypher import Query
from tests.support.projection_record import add_batch
from tests.support.record import ask

EDGES = 50_000
_HUB = Query(
    "test/hub",
    "",
    frozenset({"edges"}),
    (),
    "CYPHER 25 UNWIND range(1, $edges) AS number CALL (number) { "
    "  MERGE (hub:Wallet {wallet_id: 900000}) ON CREATE SET hub.generation = 0 "
    "  CREATE (hub)-[:TRANSFER {transfer_id: 900000 + number, generation: 0}]->"
    "         (:Wallet {wallet_id: 900000 + number, generation: 0}) "
    "} IN TRANSACTIONS OF 5000 ROWS",
)


@pytest.fixture
def hub(postgres: Postgres, graph: Graph) -> Iterator[Graph]:
    """A graph with a hub of no record beside what the record holds."""
    add_batch(postgres, [(1, 2), (2, 3)])
    project_all_pending(postgres, graph)
    graph.run(_HUB, {"edges": EDGES})
    yield graph
    wipe(graph)


def test_a_rebuild_sweeps_a_hub_page_by_page(postgres: Postgres, hub: Graph) -> None:
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

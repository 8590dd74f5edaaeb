"""Makes a graph ready for one record, and empties it."""

from uuid import UUID

from app.errors import InUse
from app.projection.state import foreign
from app.stores.graph import Graph
from cypher import names, query

AWAIT = "schema/await_indexes"
DELETED_ROWS = 2_000  # deleting an edge takes about 25 kB of a transaction's memory


def prepare(graph: Graph, record_id: str | UUID) -> None:
    """Creates constraints, indexes and the state node where they are missing; waits until all are online.

    Raises:
        InUse: the graph holds what another record wrote.
    """
    for name in names():
        if name.startswith("schema/") and name != AWAIT:
            graph.run(query(name))
    graph.run(query(AWAIT))
    ((row,),) = graph.write([(query("write/adopt"), {"record_id": str(record_id)})])
    if row["record_id"] != str(record_id):
        raise InUse(foreign(row["record_id"], str(record_id)))


def wipe(graph: Graph) -> None:
    """Deletes every transfer, wallet and the state, page by page; constraints and indexes stay."""
    for name in ("cleanup/wipe_transfers", "cleanup/wipe_wallets"):
        delete_pages(graph, name)
    graph.write([(query("cleanup/wipe_state"), {})])


def delete_pages(graph: Graph, name: str) -> int:
    """Runs a query that deletes one page until nothing is left for it; returns how many went."""
    deleted = 0
    while page := graph.write([(query(name), {"rows": DELETED_ROWS})])[0][0]["deleted"]:
        deleted += page
    return deleted

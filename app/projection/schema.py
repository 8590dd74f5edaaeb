"""Prepares a graph for one record, and empties it."""

from uuid import UUID

from app.errors import InUse, NotReady
from app.projection.state import PROJECTION_VERSION, other_record_message
from app.stores.graph import Graph
from cypher import names, query

AWAIT = "schema/await_indexes"
OLDER = "schema/older/"
"""Queries that drop what older versions have created."""
DELETE_ROWS = 2_000  # deleting an edge takes about 25 kB of a transaction's memory


def prepare(graph: Graph, record_id: str | UUID) -> None:
    """Creates missing constraints, indexes and the state node; waits until all indexes are online.

    Only then the indexes of older versions are dropped.

    Raises:
        InUse: the graph holds wallets that another record has written.
        NotReady: it has several state nodes.
    """
    older = [name for name in names() if name.startswith(OLDER)]
    for name in names():
        if name.startswith("schema/") and name not in (AWAIT, *older):
            graph.run(query(name))
    for name in (AWAIT, *older):
        graph.run(query(name))
    adopt = {"record_id": str(record_id), "projection_version": PROJECTION_VERSION}
    (owners,) = graph.write([(query("write/adopt"), adopt)])
    if len(owners) != 1:
        raise NotReady("The graph has several state nodes. Empty and rebuild it: `aml reload-graph --wipe`.")
    if owners[0]["record_id"] != str(record_id):
        raise InUse(other_record_message(owners[0]["record_id"], str(record_id)))


def wipe(graph: Graph) -> None:
    """Deletes every transfer, wallet and the state node, page by page; constraints and indexes stay."""
    for name in ("cleanup/wipe_transfers", "cleanup/wipe_wallets"):
        delete_in_pages(graph, name)
    graph.write([(query("cleanup/wipe_state"), {})])


def delete_in_pages(graph: Graph, name: str) -> int:
    """Runs a query that deletes one page until it deletes nothing; returns how many it deleted in all."""
    deleted = 0
    while page := graph.write([(query(name), {"row_limit": DELETE_ROWS})])[0][0]["deleted"]:
        deleted += page
    return deleted

"""Deletes from the graph what does not come from the record: older generations, rows without a valid id."""

from app.projection.schema import DELETE_ROWS, delete_in_pages
from app.projection.state import State, count
from app.projection.write import lock_state
from app.stores.graph import Graph
from cypher import query


def sweep(graph: Graph, state: State) -> int:
    """Deletes edges and wallets of generations before the state's, page by page; returns how many.

    When the graph then holds more rows than the sweep has kept, rows without a valid id are deleted too.
    """
    transfers, kept = _sweep_older(graph, state, "cleanup/sweep_transfers")
    if count(graph).transfers != kept:
        transfers += delete_in_pages(graph, "cleanup/delete_foreign_transfers")
    wallets, kept = _sweep_older(graph, state, "cleanup/sweep_wallets")
    if count(graph).wallets != kept:
        wallets += delete_in_pages(graph, "cleanup/delete_foreign_wallets")
    return transfers + wallets


def _sweep_older(graph: Graph, state: State, name: str) -> tuple[int, int]:
    """Returns how many rows were deleted and how many were kept."""
    after, deleted, seen = -1, 0, 0
    while True:
        page = {"generation": state.generation, "after": after, "row_limit": DELETE_ROWS}
        row = graph.write([lock_state(state), (query(name), page)])[1][0]
        if not row["seen"]:
            return deleted, seen - deleted
        after, deleted, seen = row["last"], deleted + row["deleted"], seen + row["seen"]

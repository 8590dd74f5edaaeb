"""Removes from the graph what does not come from the record: older generations, rows of no record."""

from app.projection.schema import DELETED_ROWS, delete_pages
from app.projection.state import State, count
from app.stores.graph import Graph
from cypher import query


def sweep(graph: Graph, state: State) -> int:
    """Deletes edges and wallets of generations before the state's, page by page; returns how many went."""
    deleted, kept = _sweep_older(graph, state, "cleanup/sweep_transfers")
    if count(graph).transfers != kept:
        deleted += delete_pages(graph, "cleanup/delete_foreign_transfers")
    wallets, kept = _sweep_older(graph, state, "cleanup/sweep_wallets")
    if count(graph).wallets != kept:
        wallets += delete_pages(graph, "cleanup/delete_foreign_wallets")
    return deleted + wallets


def _sweep_older(graph: Graph, state: State, name: str) -> tuple[int, int]:
    """How many went and how many stay."""
    turn = query("write/lock_state"), {"record_id": state.record_id}
    after, deleted, seen = -1, 0, 0
    while True:
        page = {"generation": state.generation, "after": after, "rows": DELETED_ROWS}
        row = graph.write([turn, (query(name), page)])[1][0]
        if not row["seen"]:
            return deleted, seen - deleted
        after, deleted, seen = row["last"], deleted + row["deleted"], seen + row["seen"]

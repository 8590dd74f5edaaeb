"""Makes the graph what the record says where a comparison has found differences, and only there."""

from app.projection.canonical_lines import TRANSFERS, Entity
from app.projection.differences import Difference
from app.projection.proof import SyncedView
from app.projection.rows import TRANSFER_ROWS, WALLET_ROWS, paged
from app.projection.schema import delete_in_pages
from app.projection.write import write_transfers, write_wallets
from app.stores.graph import Graph
from cypher import query

PAGE_ROWS = 1_000  # deleting and writing an edge again takes about 60 kB of a transaction's memory


class Repair:
    """Repairs the differences of each range inside its synced view, while no other process writes the graph.

    Surplus wallets are deleted in `finish`, after the edges at them have been moved or deleted.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._surplus_wallets: list[int] = []

    def apply(self, view: SyncedView, entity: Entity, differences: list[Difference]) -> None:
        """Makes the wallets or transfers of these differences what the record says."""
        ids = [each.number for each in differences if each.number is not None]
        if entity is TRANSFERS:
            self._rewrite_transfers(view, ids)
            return
        surplus = [
            each.number for each in differences if each.nature == "surplus" and each.number is not None
        ]
        self._surplus_wallets += surplus
        for page in paged(sorted({*ids} - {*surplus}), PAGE_ROWS):
            view.keep_lock()
            write_wallets(self._graph, view.state, WALLET_ROWS.of_ids(view.connection, page))

    def finish(self, view: SyncedView) -> None:
        """Deletes what no record has written: edges first, page by page, and then wallets."""
        delete_in_pages(self._graph, "cleanup/delete_foreign_transfers")
        delete_in_pages(self._graph, "cleanup/delete_foreign_wallets")
        for page in paged(self._surplus_wallets, PAGE_ROWS):
            view.keep_lock()
            # A transfer may have brought the wallet into the record since the comparison.
            recorded = {*WALLET_ROWS.of_ids(view.connection, page).columns["wallet_id"]}
            surplus = [wallet_id for wallet_id in page if wallet_id not in recorded]
            self._graph.write([(query("cleanup/delete_wallets"), {"wallet_ids": surplus})])

    def _rewrite_transfers(self, view: SyncedView, transfer_ids: list[int]) -> None:
        for page in paged(transfer_ids, PAGE_ROWS):
            view.keep_lock()
            delete = query("cleanup/delete_transfers"), {"transfer_ids": page}
            rows = TRANSFER_ROWS.of_ids(view.connection, page)
            write_transfers(self._graph, view.state, rows, first=delete)

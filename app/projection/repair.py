"""Mends the graph from the record where a comparison has found differences, and only there."""

from app.projection.differences import Difference
from app.projection.lines import TRANSFERS, Kind
from app.projection.proof import Moment
from app.projection.rows import paged, transfers_of, wallets_of
from app.projection.schema import delete_pages
from app.projection.write import write_transfers, write_wallets
from app.stores.graph import Graph
from cypher import query

PAGE_ROWS = 1_000  # an edge that goes and comes takes about 60 kB of a transaction's memory


class Repair:
    """Told of the differences of each range at a moment when nobody else writes; mends them at once.

    Surplus wallets wait for `finish`, since edges that stand at them are moved away or deleted before.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._surplus_wallets: list[int] = []

    def mend(self, moment: Moment, kind: Kind, found: list[Difference]) -> None:
        """Makes the wallets or transfers of these differences what the record says."""
        numbers = [each.number for each in found if each.number is not None]
        if kind is TRANSFERS:
            self._mend_transfers(moment, numbers)
            return
        surplus = [each.number for each in found if each.nature == "surplus" and each.number is not None]
        self._surplus_wallets += surplus
        for page in paged(sorted({*numbers} - {*surplus}), PAGE_ROWS):
            moment.hold()
            write_wallets(self._graph, moment.state, wallets_of(moment.connection, page))

    def finish(self, moment: Moment) -> None:
        """Deletes what no record has written: edges first, page by page, and then wallets."""
        delete_pages(self._graph, "cleanup/delete_foreign_transfers")
        delete_pages(self._graph, "cleanup/delete_foreign_wallets")
        for page in paged(self._surplus_wallets, PAGE_ROWS):
            moment.hold()
            recorded = {row[0] for row in wallets_of(moment.connection, page)}  # it may have come meanwhile
            gone = [number for number in page if number not in recorded]
            self._graph.write([(query("cleanup/delete_wallets"), {"wallet_ids": gone})])

    def _mend_transfers(self, moment: Moment, numbers: list[int]) -> None:
        for page in paged(numbers, PAGE_ROWS):
            moment.hold()
            gone = query("cleanup/delete_transfers"), {"rows": [[number] for number in page]}
            write_transfers(self._graph, moment.state, transfers_of(moment.connection, page), before=gone)

"""Labels on the graph's wallets: all of one label set, or known not to be."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import structlog

from app.errors import InUse, NotReady
from app.graph import Graph
from app.labels.effective import EffectiveLabel
from app.projection.state import read_state
from cypher import query

log = structlog.get_logger()
T = TypeVar("T")

_PAGE_ROWS = 5_000
_ATTEMPTS = 5
_NO_CATEGORY = {"", "Wallet", "GraphState"}
"""No node label of a category: what every wallet has, and what the state's own node is found by."""


def graph_label_digest(graph: Graph) -> str | None:
    """Digest of the label set every wallet of the graph carries now; None while that is in doubt."""
    state = read_state(graph)
    return state.label_set_digest if state else None


def project_labels(graph: Graph, effective: Sequence[EffectiveLabel], digest: str) -> None:
    """Gives every wallet in the graph its effective label and clears all others; only then sets the digest.

    The digest is not set when a wallet that may have a label came meanwhile: the labels are written again.

    Raises:
        InUse: wallets that may have a label kept coming, or somebody else writes labels.
        NotReady: the graph was never prepared.
    """
    for _ in range(_ATTEMPTS):
        begun = graph.write([(query("write/begin_labels"), {})])[0]
        if not begun:
            raise NotReady("The graph is not prepared for this record: start with `aml reload-graph`.")
        _write_differences(graph, effective)
        believe = {"label_revision": begun[0]["label_revision"], "digest": digest}
        if graph.write([(query("write/believe_labels"), believe)])[0][0]["believed"]:
            return
        log.info("labels_written_again", digest=digest)
    raise InUse("New labelled wallets kept coming while labels were written into the graph; try again.")


def node_labels(category: str | None) -> list[str]:
    """The labels a wallet's node has besides `Wallet`: its category's, `stolen_funds` as `StolenFunds`."""
    name = "".join(part.capitalize() for part in (category or "").split("_"))
    return [] if name in _NO_CATEGORY else [name]


def _write_differences(graph: Graph, effective: Iterable[EffectiveLabel]) -> None:
    wanted = {
        (label.chain, label.address): (
            label.category,
            label.name,
            label.source,
            label.confidence,
            node_labels(label.category),
        )
        for label in effective
    }
    cleared: list[int] = []
    for wallet_id, chain, address, *carried in graph.stream(query("state/labelled")):
        if (chain, address) not in wanted:
            cleared.append(wallet_id)
        elif wanted[chain, address] == tuple(carried):
            del wanted[chain, address]
    for page in _paged(cleared):
        graph.write([(query("write/clear_labels"), {"wallet_ids": page})])
    for rows in _paged([[*wallet, *label] for wallet, label in wanted.items()]):
        graph.write([(query("write/labels"), {"rows": rows})])


def _paged(items: list[T]) -> Iterator[list[T]]:
    return (items[start : start + _PAGE_ROWS] for start in range(0, len(items), _PAGE_ROWS))

"""Labels on the graph's wallets: all of one label set, or known not to be."""

from collections.abc import Iterable, Sequence
from typing import Any

import structlog

from app.errors import InUse, NotReady
from app.labels.effective import EffectiveLabel
from app.projection.differences import Difference, PropertyDifference
from app.projection.rows import paged
from app.projection.state import read_state
from app.stores.graph import Graph
from cypher import query

log = structlog.get_logger()
Key = tuple[str, str]
Carried = tuple[Any, ...]
"""Category, name, source, confidence and node labels, as a wallet carries them."""

_PAGE_ROWS = 5_000
_ATTEMPTS = 5
_NO_CATEGORY = {"", "Wallet", "GraphState"}
"""No node label of a category: what every wallet has, and what the state's own node is found by."""
_FIELDS = ("category", "label", "label_source", "label_confidence", "node_labels")


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
        begun = graph.write([(query("labels/begin_write"), {})])[0]
        if not begun:
            raise NotReady("The graph is not prepared for this record: start with `aml reload-graph`.")
        _write_differences(graph, effective)
        believe = {"label_revision": begun[0]["label_revision"], "digest": digest}
        if graph.write([(query("labels/confirm_write"), believe)])[0][0]["believed"]:
            return
        log.info("labels_written_again", digest=digest)
    raise InUse("New labelled wallets kept coming while labels were written into the graph; try again.")


def node_labels(category: str | None) -> list[str]:
    """The labels a wallet's node has besides `Wallet`: its category's, `stolen_funds` as `StolenFunds`."""
    name = "".join(part.capitalize() for part in (category or "").split("_"))
    return [] if name in _NO_CATEGORY else [name]


def label_differences(
    graph: Graph, effective: Sequence[EffectiveLabel], digest: str
) -> list[Difference] | None:
    """Wallets that carry another label than this set says; None when the graph's labels are of another set.

    They are also when they are in doubt, or change while they are looked at: then nobody relies on them.
    """
    before = read_state(graph)
    if before is None or before.label_set_digest != digest:
        return None
    surplus, missing = _compare(graph, [label for label in effective if label.wallet_id is not None])
    after = read_state(graph)
    if after is None or after.label_revision != before.label_revision:
        return None
    return [_difference(key, wanted, carried) for key, (wanted, carried) in missing.items()] + [
        _difference(key, None, carried) for _, key, carried in surplus
    ]


def _write_differences(graph: Graph, effective: Iterable[EffectiveLabel]) -> None:
    surplus, missing = _compare(graph, effective)
    for page in paged([wallet_id for wallet_id, _, _ in surplus], _PAGE_ROWS):
        graph.write([(query("labels/clear"), {"wallet_ids": page})])
    for rows in paged([[*wallet, *wanted] for wallet, (wanted, _) in missing.items()], _PAGE_ROWS):
        graph.write([(query("labels/write"), {"rows": rows})])


def _compare(
    graph: Graph, effective: Iterable[EffectiveLabel]
) -> tuple[list[tuple[int, Key, Carried]], dict[Key, tuple[Carried, Carried | None]]]:
    """Wallets that should carry no label, and those that should carry another: wanted and carried."""
    missing: dict[Key, tuple[Carried, Carried | None]] = {
        (label.chain, label.address): (
            (label.category, label.name, label.source, label.confidence, node_labels(label.category)),
            None,
        )
        for label in effective
    }
    surplus: list[tuple[int, Key, Carried]] = []
    for wallet_id, chain, address, *label in graph.stream(query("labels/read")):
        key, carried = (chain, address), tuple(label)
        if key not in missing:
            surplus.append((wallet_id, key, carried))
        elif missing[key][0] == carried:
            del missing[key]
        else:
            missing[key] = missing[key][0], carried
    return surplus, missing


def _difference(wallet: Key, wanted: Carried | None, carried: Carried | None) -> Difference:
    name = ":".join(wallet)
    if wanted is None or carried is None:
        return Difference("labels", None, name, "missing" if carried is None else "surplus")
    properties = tuple(
        PropertyDifference(field, str(ours), str(theirs))
        for field, ours, theirs in zip(_FIELDS, wanted, carried, strict=True)
        if ours != theirs
    )
    return Difference("labels", None, name, "changed", properties)

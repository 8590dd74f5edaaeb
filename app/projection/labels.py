"""Labels on the graph's wallets: all of one label set, or known not to be."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import structlog

from app.errors import InUse, NotReady
from app.labels.columns import microseconds
from app.labels.effective import EffectiveLabel
from app.projection.differences import Difference, PropertyDifference
from app.projection.rows import paged
from app.projection.state import LEVEL_LABELS, State, read_state
from app.stores.graph import Graph
from cypher import query

log = structlog.get_logger()
WalletKey = tuple[str, str]
"""Chain and address."""
LabelProperties = dict[str, Any]
"""The values of LABEL_PROPERTIES, by name."""

LABEL_PROPERTIES = (
    "category", "label", "label_source", "label_confidence", "listed_from", "listed_until", "node_labels",
)  # fmt: skip
"""What a label sets on a wallet; `cypher/labels/read.cypher` and `write.cypher` use the same names."""

PAGE_ROWS = 5_000
_MAX_ATTEMPTS = 5
_NO_CATEGORY = {"", "Wallet", "GraphState", *LEVEL_LABELS.values()}
"""Not the node label of any category: `Wallet` is of every wallet, `GraphState` of the state node."""


class _Surplus(NamedTuple):
    """A wallet that carries a label and should carry none."""

    wallet_id: int
    wallet: WalletKey
    actual: LabelProperties


class _Outdated(NamedTuple):
    """What a wallet should carry, and what it carries: another label, or None."""

    expected: LabelProperties
    actual: LabelProperties | None


def project_labels(
    graph: Graph,
    effective: Sequence[EffectiveLabel],
    digest: str,
    *,
    first_newcomer: Callable[[], int | None] = lambda: None,
) -> None:
    """Gives every wallet of the graph its effective label, clears all others, and then confirms the digest.

    Writes the labels again when a wallet that may be labelled came meanwhile. A set that is confirmed already
    stays so.

    Args:
        graph: the graph.
        effective: the labels.
        digest: of the label set that they are of.
        first_newcomer: the batch of the first wallet that may be labelled and is not known to `effective`. It
            is called after the writing has begun, so that no wallet is missed; None means that all are known.

    Raises:
        InUse: such wallets kept coming, or another process writes labels.
        NotReady: the graph was never prepared.
    """
    for _ in range(_MAX_ATTEMPTS):
        revisions = graph.write([(query("labels/begin_write"), {"digest": digest})])[0]
        if not revisions:
            raise NotReady("The graph is not prepared for this record. Run `aml reload-graph`.")
        _write_differences(graph, effective)
        if confirmed(graph, revisions[0]["label_revision"], digest, first_newcomer()):
            return
        log.info("labels_written_again", digest=digest)
    raise InUse("New labelled wallets kept coming while labels were written into the graph. Try again.")


def confirmed(graph: Graph, label_revision: int, digest: str, unlabelled_batch: int | None) -> bool:
    """Confirms a label set, but for wallets of a batch and later; False where another revision has begun."""
    confirm = {"label_revision": label_revision, "digest": digest, "unlabelled_batch": unlabelled_batch}
    return bool(graph.write([(query("labels/confirm_write"), confirm)])[0][0]["confirmed"])


def label_rows(effective: Iterable[EffectiveLabel]) -> list[dict[str, Any]]:
    """The rows that `labels/write` takes, of these labels."""
    return [_row((label.chain, label.address), _properties(label)) for label in effective]


def node_labels(category: str | None) -> list[str]:
    """The labels a wallet's node has besides `Wallet`: its category's, `stolen_funds` as `StolenFunds`."""
    name = "".join(part.capitalize() for part in (category or "").split("_"))
    return [] if name in _NO_CATEGORY else [name]


def label_differences(
    graph: Graph, effective: Sequence[EffectiveLabel], digest: str, before: State | None
) -> list[Difference] | None:
    """Wallets that carry another label than this set says.

    None when the graph had not confirmed this set in the state `before` the labels were read, some wallet
    came since, or its labels changed during the comparison; no answer relies on such labels.
    """
    if before is None or not before.carries(digest):
        return None
    surplus, outdated = _compare(graph, [label for label in effective if label.wallet_id is not None])
    after = read_state(graph)
    if after is None or after.label_revision != before.label_revision:
        return None
    return [_difference(wallet, labels.expected, labels.actual) for wallet, labels in outdated.items()] + [
        _difference(each.wallet, None, each.actual) for each in surplus
    ]


def _write_differences(graph: Graph, effective: Iterable[EffectiveLabel]) -> None:
    surplus, outdated = _compare(graph, effective)
    for wallet_ids in paged([each.wallet_id for each in surplus], PAGE_ROWS):
        graph.write([(query("labels/clear"), {"wallet_ids": wallet_ids})])
    rows = [_row(wallet, labels.expected) for wallet, labels in outdated.items()]
    for page in paged(rows, PAGE_ROWS):
        graph.write([(query("labels/write"), {"rows": page, "label_revision": None})])


def _compare(
    graph: Graph, effective: Iterable[EffectiveLabel]
) -> tuple[list[_Surplus], dict[WalletKey, _Outdated]]:
    """Wallets that should carry no label, and those that should carry another one."""
    outdated = {(label.chain, label.address): _Outdated(_properties(label), None) for label in effective}
    surplus: list[_Surplus] = []
    for row in graph.stream(query("labels/read")):
        wallet = row["chain"], row["address"]
        actual = {name: row[name] for name in LABEL_PROPERTIES}
        if wallet not in outdated:
            surplus.append(_Surplus(row["wallet_id"], wallet, actual))
        elif outdated[wallet].expected == actual:
            del outdated[wallet]
        else:
            outdated[wallet] = _Outdated(outdated[wallet].expected, actual)
    return surplus, outdated


def _row(wallet: WalletKey, properties: LabelProperties) -> dict[str, Any]:
    chain, address = wallet
    return {"chain": chain, "address": address, **properties}


def _properties(label: EffectiveLabel) -> LabelProperties:
    return {
        "category": label.category,
        "label": label.name,
        "label_source": label.source,
        "label_confidence": label.confidence,
        "listed_from": microseconds(label.valid_from) if label.listed else None,
        "listed_until": microseconds(label.valid_to) if label.listed else None,
        "node_labels": node_labels(label.category),
    }


def _difference(
    wallet: WalletKey, expected: LabelProperties | None, actual: LabelProperties | None
) -> Difference:
    name = ":".join(wallet)
    if expected is None or actual is None:
        return Difference("labels", None, name, "missing" if actual is None else "surplus")
    properties = tuple(
        PropertyDifference(field, str(expected[field]), str(actual[field]))
        for field in LABEL_PROPERTIES
        if expected[field] != actual[field]
    )
    return Difference("labels", None, name, "changed", properties)

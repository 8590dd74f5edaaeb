"""The graph's one state node, and how many wallets and transfers the graph holds."""

from dataclasses import dataclass
from types import NoneType

from app.errors import InUse, NotReady
from app.stores.graph import Graph
from cypher import query

LEVEL_LABELS = {"unrated": "RiskUnrated", "medium": "RiskMedium", "high": "RiskHigh", "severe": "RiskSevere"}
"""The node labels that colour wallets by their level; the queries of `cypher/levels` name them too."""
PROJECTION_VERSION = 2
"""Of the properties of wallets and edges. Raise it when they change: `upgraded` has them written again."""


@dataclass(frozen=True, slots=True)
class State:
    """The one `GraphState` node.

    Each rebuild writes a new `generation` and deletes the rows of older ones. `label_set_digest` is of the
    last label set that was confirmed and not replaced since: every wallet carries its label of that set, but
    wallets that came in `unlabelled_batch` or later may lack theirs (None: no wallet does). `label_revision`
    grows whenever either may change. `projected_batch` is the last batch written into the graph, None before
    the first.
    `projection_version` says which properties wallets and edges have. `writes` grows with
    each page of rows that is written. `taken_from` is the record whose graph this was before. `levels_run_id`
    is the run whose levels, flags and captions all wallets carry, None where they are of no one run.
    `newest_batch` is the newest batch of which anything may be in the graph, `newest_batch_committed_at` when
    the record committed it, in microseconds since 1970: a record that was put back reaches the number again,
    but not the time. `has_lost_batches` says that the graph has such batches
    until a rebuild has ended.
    """

    record_id: str
    generation: int
    label_revision: int
    label_set_digest: str | None
    unlabelled_batch: int | None
    projected_batch: int | None
    projection_version: int
    writes: int
    taken_from: str | None = None
    levels_run_id: int | None = None
    newest_batch: int | None = None
    newest_batch_committed_at: int | None = None
    has_lost_batches: bool = False

    def carries(self, label_set_digest: str, watermark: int | None = None) -> bool:
        """Whether all wallets carry their labels of a set, or all that came in batches up to the watermark.

        No path of transfers up to a watermark meets a wallet that came later.
        """
        if self.label_set_digest != label_set_digest:
            return False
        newcomers = self.unlabelled_batch
        return newcomers is None or (watermark is not None and newcomers > watermark)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many wallets (nodes) and transfers (edges) the graph holds."""

    wallets: int
    transfers: int


class LostState(NotReady):
    """The graph has no state node, or none that this program has written."""


class ForeignGraph(InUse):
    """The graph was built from another record; `state` is what its state node says."""

    def __init__(self, state: "State", record_id: str) -> None:
        super().__init__(other_record_message(state.record_id, record_id))
        self.state = state


def read_state(graph: Graph) -> State | None:
    """The graph's state; None when it was never prepared, or its state node was changed by somebody else."""
    rows = graph.read(query("state/read"))
    if len(rows) != 1 or not all(isinstance(rows[0][name], types) for name, types in _TYPES.items()):
        return None
    return State(**rows[0])


def owned_state(graph: Graph, record_id: str) -> State:
    """The graph's state, when it belongs to this record.

    Raises:
        LostState: the graph was never prepared, or it was emptied.
        ForeignGraph: it belongs to another record.
    """
    state = read_state(graph)
    if state is None:
        raise LostState(
            "The graph is not prepared for this record. The consumer rebuilds it (unless "
            "AML_GRAPH_REBUILD=ask), or `aml reload-graph --wipe`."
        )
    if state.record_id != record_id:
        raise ForeignGraph(state, record_id)
    return state


def other_record_message(owner: str, record_id: str) -> str:
    """The error message for a graph that was built from another record."""
    return (
        f"The graph belongs to another record ({owner}, not {record_id}). Set AML_NEO4J_URL to this record's "
        "own graph, or empty this one and rebuild it from this record with `aml reload-graph --wipe`."
    )


def count(graph: Graph, *, timeout_seconds: float | None = None) -> Counts:
    """Node and edge counts, from the count store: fast at any size."""
    (row,) = graph.read(query("state/counts"), timeout_seconds=timeout_seconds)
    return Counts(**row)


_TYPES: dict[str, tuple[type, ...]] = {
    "record_id": (str,),
    "generation": (int,),
    "label_revision": (int,),
    "label_set_digest": (str, NoneType),
    "unlabelled_batch": (int, NoneType),
    "projected_batch": (int, NoneType),
    "projection_version": (int,),
    "writes": (int,),
    "taken_from": (str, NoneType),
    "levels_run_id": (int, NoneType),
    "newest_batch": (int, NoneType),
    "newest_batch_committed_at": (int, NoneType),
    "has_lost_batches": (bool,),
}
"""Of the state node's properties: people can change them in Neo4j Browser."""

"""The graph's one state node, and how many wallets and transfers the graph holds."""

from dataclasses import dataclass

from app.errors import InUse, NotReady
from app.stores.graph import Graph
from cypher import query

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
    `projection_version` says which properties wallets and edges have.
    """

    record_id: str
    generation: int
    label_revision: int
    label_set_digest: str | None
    unlabelled_batch: int | None
    projected_batch: int | None
    projection_version: int

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


def read_state(graph: Graph) -> State | None:
    """The graph's state; None when it was never prepared."""
    rows = graph.read(query("state/read"))
    return State(**rows[0]) if rows else None


def owned_state(graph: Graph, record_id: str) -> State:
    """The graph's state, when it belongs to this record.

    Raises:
        NotReady: the graph was never prepared, or it was emptied.
        InUse: it belongs to another record.
    """
    state = read_state(graph)
    if state is None:
        raise NotReady("The graph is not prepared for this record. Run `aml reload-graph`.")
    if state.record_id != record_id:
        raise InUse(other_record_message(state.record_id, record_id))
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

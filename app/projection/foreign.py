"""What other hands have added to the graph: nodes, edges, and labels and properties of wallets."""

from dataclasses import dataclass

from app.stores.graph import Graph
from cypher import query

MAX_EXAMPLES = 20
_PROPERTIES = (
    "wallet_id",
    "chain",
    "address",
    "generation",
    "name",
    "category",
    "label",
    "label_source",
    "label_confidence",
    "listed_from",
    "listed_until",
    "risk_level",
    "flags",
    "caption",
)
"""All that this program writes on a wallet."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """Counts, and examples such as `node :Note`, `edge :KNOWS` and `wallet 7: colour, :Suspect`.

    `nodes` are neither wallets nor the state, `edges` no transfers; `wallets` carry a label or a property
    that this program does not write.
    """

    nodes: int
    edges: int
    wallets: int
    examples: list[str]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing of this kind."""
        return not (self.nodes or self.edges or self.wallets)


def foreign_content(graph: Graph) -> Foreign:
    """What there is now; one pass over all nodes."""
    (row,) = graph.read(
        query("state/foreign"), {"properties": list(_PROPERTIES), "max_examples": MAX_EXAMPLES}
    )
    return Foreign(**row)

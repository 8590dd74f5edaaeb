"""Where the money of single transfers came from or went, as shares by cell: by paths of the graph."""

from collections.abc import Mapping, Sequence
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from app.errors import QueryTimeout
from app.ledger.cells import SOURCE, CellLayout
from app.policy.policy import Policy
from app.runs.engines.cypher import shares_of_rows
from app.stores.graph import Graph
from cypher import query

_AT_ONCE = 64
_TOO_MANY = "there are too many transfers for the limit of time."
TransferShares = Mapping[int, NDArray[np.float64]]
"""By transfer_id, a row of cells that sums to 1."""


def ask_shares(
    graph: Graph,
    policy: Policy,
    layout: CellLayout,
    direction: int,
    transfer_ids: Sequence[int],
    *,
    watermark: int,
    deadline: float,
    into: dict[int, NDArray[np.float64]] | None = None,
) -> TransferShares:
    """The shares of these transfers in a direction, up to a batch; those that the graph lacks are left out.

    `into` has those of the first ones where an error comes in between.

    Raises:
        QueryTimeout: the deadline (monotonic seconds) came first.
        DependencyMissing: the graph does not answer.
        Unequal: the parts of a transfer do not add up to its whole.
    """
    shares = {} if into is None else into
    name = "transfer_sources" if direction == SOURCE else "transfer_destinations"
    for begin in range(0, len(transfer_ids), _AT_ONCE):
        left = deadline - monotonic()
        if left <= 0:
            raise QueryTimeout(_TOO_MANY)
        parameters = {
            "transfer_ids": transfer_ids[begin : begin + _AT_ONCE],
            "watermark": watermark,
            "hop_limit": policy.hop_limit,
            "firm_confidence": policy.firm_confidence,
        }
        rows = graph.read(query(f"exposure/{name}"), parameters, timeout_seconds=left)
        for row in rows:
            row["wallet_id"] = row["transfer_id"]
        found = shares_of_rows(direction, layout, rows, frozenset())
        shares.update(zip(found.wallet_id.tolist(), found.shares.matrix(layout.width), strict=True))
    return shares

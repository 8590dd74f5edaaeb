"""The engine that traces the record: exact exposures of every wallet by one pass in each direction."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from app.domain import Progress
from app.ledger.cells import CellLayout
from app.ledger.exposure import PassResult, destination_pass, source_pass
from app.ledger.kernels import Flows, Pools
from app.ledger.shares import DirectionShares, Exposures
from app.ledger.sparse import SparseRows


def trace(
    flows: Flows,
    wallet_id: NDArray[np.int64],
    asset_id: NDArray[np.int32],
    layout: CellLayout,
    *,
    categories_by_wallet: Mapping[int, int],
    progress: Progress,
) -> Exposures:
    """Both directions of all wallets, from transfers whose pools are numbered by their place in two arrays.

    Args:
        flows: the transfers.
        wallet_id: the wallet of each pool, rising.
        asset_id: its asset.
        layout: cells of the answer.
        categories_by_wallet: place in `layout.categories` of each labelled wallet's category, by wallet_id.
        progress: called with each step and the part of it that is done.

    Raises:
        Unequal: the annotation does not add up.
    """
    wallet_ids, wallet = np.unique(wallet_id, return_inverse=True)
    category = np.array([categories_by_wallet.get(one, -1) for one in wallet_ids.tolist()], np.int16)
    # Only categories that some wallet has get cells while tracing: time and memory grow with their number.
    used = np.unique(category[category >= 0]).tolist()
    narrow, cell = layout.narrowed(used)
    own_cell = np.full(len(layout.categories) + 1, -1, np.int16)  # the last is that of -1, no category
    own_cell[used] = [narrow.category(place, 0) for place in range(len(used))]
    pools = Pools(wallet.astype(np.int32), own_cell[category][wallet])

    def direction(name: str, trace_all: Callable[..., PassResult]) -> DirectionShares:
        step = f"tracing {name}"
        progress(step, 0.0)
        result = trace_all(flows, pools, narrow, partial(progress, step))
        return DirectionShares(
            wallet_id[result.pool],
            asset_id[result.pool],
            _in_cells(cell, result.shares),
            wallet_ids[result.wallet],
            _in_cells(cell, result.combined),
        )

    source = direction("sources", source_pass)
    return Exposures(layout, source, direction("destinations", destination_pass))


def _in_cells(cell: NDArray[np.int16], rows: SparseRows) -> SparseRows:
    return SparseRows(rows.starts, cell[rows.cell], rows.share)

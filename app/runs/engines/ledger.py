"""The engine that traces the record: exact exposures of every wallet by one pass in each direction."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.domain import Progress
from app.labels.columns import LabelColumns, WalletColumn
from app.ledger.cells import CellLayout
from app.ledger.exposure import FractionDone, PassResult, destination_pass, source_pass
from app.ledger.kernels import Flows, Pools
from app.ledger.shares import DirectionShares, Exposures
from app.ledger.sparse import SparseRows

_UNLABELLED = WalletColumn(-1)
Pass = Callable[[Flows, Pools, CellLayout, FractionDone], PassResult]


class Passes(NamedTuple):
    """How each direction is traced: by one pass of this process, or by another that gives the same."""

    source: Pass = source_pass
    destination: Pass = destination_pass


IN_ONE = Passes()


def trace(
    flows: Flows,
    wallet_id: NDArray[np.int64],
    asset_id: NDArray[np.int32],
    labels: LabelColumns,
    *,
    occurred_at: NDArray[np.int64],
    known_assets: NDArray[np.int32],
    progress: Progress,
    passes: Passes = IN_ONE,
) -> Exposures:
    """Both directions of all wallets, from transfers whose pools are numbered by their place in two arrays.

    Args:
        flows: the transfers.
        wallet_id: the wallet of each pool, rising.
        asset_id: its asset.
        labels: cells of the answer, and the column of each labelled wallet.
        occurred_at: when each transfer was, in microseconds since 1970.
        known_assets: the assets whose value counts.
        progress: called with each step and the part of it that is done.
        passes: how each direction is traced.

    Raises:
        Unequal: the annotation does not add up.
    """
    wallet_ids, wallet = np.unique(wallet_id, return_inverse=True)
    layout = labels.layout
    columns = [labels.by_wallet.get(one, _UNLABELLED) for one in wallet_ids.tolist()]
    category = np.array([one.column for one in columns], np.int16)
    dated = np.array([one.dated for one in columns], np.bool_)
    # Only categories that some wallet has get cells while tracing: time and memory grow with their number.
    used = np.unique(category[category >= 0])
    of_periods = np.unique(category[dated])
    used = np.union1d(used, np.concatenate([of_periods - 1, of_periods + 1])).tolist()
    narrow, cell = layout.narrowed(used)
    own_cell = np.full(len(layout.categories) + 1, -1, np.int16)  # the last is that of -1, no category
    own_cell[used] = [narrow.category(place, 0) for place in range(len(used))]
    pools = Pools(wallet.astype(np.int32), own_cell[category][wallet])
    flows = flows._replace(
        usd=np.where(np.isin(asset_id, known_assets)[flows.receiver_pool], flows.usd, 0.0),
        sender_shift=_shifts(columns, wallet[flows.sender_pool], occurred_at, 1 + layout.hop_limit),
        receiver_shift=_shifts(columns, wallet[flows.receiver_pool], occurred_at, 1 + layout.hop_limit),
    )

    def direction(name: str, trace_all: Pass) -> DirectionShares:
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

    source = direction("sources", passes.source)
    return Exposures(layout, source, direction("destinations", passes.destination))


def _shifts(
    columns: Sequence[WalletColumn], wallet: NDArray[np.int64], occurred_at: NDArray[np.int64], block: int
) -> NDArray[np.int16]:
    """How many cells behind its wallet's each transfer's is: a block less before a listing, more after."""
    shifts = np.zeros(len(wallet), np.int16)
    dated = np.array([column.dated for column in columns], np.bool_)
    mine = np.flatnonzero(dated[wallet]) if dated.any() else np.empty(0, np.int64)
    if len(mine):
        bounds = np.iinfo(np.int64)
        begin, end = (
            np.array([default if bound is None else bound for bound in side], np.int64)[wallet[mine]]
            for default, side in (
                (bounds.min, [column.listed_from for column in columns]),
                (bounds.max, [column.listed_until for column in columns]),
            )
        )
        moment = occurred_at[mine]
        shifts[mine] = block * ((moment >= end).astype(np.int16) - (moment < begin).astype(np.int16))
    return shifts


def _in_cells(cell: NDArray[np.int16], rows: SparseRows) -> SparseRows:
    return SparseRows(rows.starts, cell[rows.cell], rows.share)

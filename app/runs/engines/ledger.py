"""The engine that reads the record: exact exposures of every wallet by one pass in each direction."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from app.domain import Progress
from app.ledger.cells import CellLayout
from app.ledger.exposure import PassResult, destination_pass, source_pass
from app.ledger.kernels import Flows, Pools
from app.ledger.shares import DirectionShares, Exposures
from app.ledger.sparse import SparseRows
from app.stores.copy_reader import read_columns

SORT_MEMORY = "128MB"
"""Memory the server may use to put the transfers in ledger order; beyond it, it sorts on disk."""


def exposures_by_ledger(
    connection: Connection,
    layout: CellLayout,
    *,
    categories_by_wallet: Mapping[int, int],
    watermark: int,
    progress: Progress,
) -> Exposures:
    """Both directions of all wallets with flow.

    Args:
        connection: a snapshot, so that pools and transfers are of one moment.
        layout: cells of the answer.
        categories_by_wallet: place in `layout.categories` of each labelled wallet's category, by wallet_id.
        watermark: last batch that counts.
        progress: called with each step and the part of it that is done.

    Raises:
        Unequal: the annotation in the record does not add up.
    """
    progress("reading pools", 0.0)
    pools = read_columns(connection, _POOLS, {"pool_id": "int", "wallet_id": "int", "asset_id": "int"})
    progress("reading transfers", 0.0)
    return trace(
        _flows(connection, watermark, pools["pool_id"]),
        pools["wallet_id"],
        pools["asset_id"].astype(np.int32),
        layout,
        categories_by_wallet=categories_by_wallet,
        progress=progress,
    )


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
        categories_by_wallet: as in `exposures_by_ledger`.
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


def _flows(connection: Connection, watermark: int, pool_ids: NDArray[np.int64]) -> Flows:
    connection.execute(text(f"SET LOCAL work_mem = '{SORT_MEMORY}'"))
    columns = read_columns(
        connection,
        _FLOWS,
        {
            "send_pool_id": "int",
            "recv_pool_id": "int",
            "amount": "float",
            "send_share": "float",
            "balance": "float",
            "left_behind": "float",
            "unobserved": "float",
            "usd_value": "float",
        },
        {"watermark": watermark},
    )
    by_id = np.argsort(pool_ids)
    ordered = pool_ids[by_id]
    balance = columns["balance"]
    return Flows(
        by_id[np.searchsorted(ordered, columns["send_pool_id"])].astype(np.int32),
        by_id[np.searchsorted(ordered, columns["recv_pool_id"])].astype(np.int32),
        columns["amount"],
        columns["send_share"],
        np.divide(columns["left_behind"], balance, out=np.ones_like(balance), where=balance > 0),
        columns["unobserved"],
        columns["usd_value"],
        np.ones(len(balance), np.int8),
    )


_POOLS = "SELECT pool_id, wallet_id, asset_id::bigint FROM pools ORDER BY wallet_id, asset_id"
# What stayed in the pool is subtracted while the numbers are exact: `1 - send_share` would lose its digits.
_FLOWS = """
SELECT f.send_pool_id, f.recv_pool_id, t.amount::float8, f.send_share, f.send_balance::float8,
  (f.send_balance - t.amount + f.unobserved)::float8, f.unobserved::float8,
  CASE WHEN t.usd_value > 0 THEN t.usd_value::float8 ELSE 0 END
FROM flows f JOIN transactions t USING (transfer_id)
WHERE f.send_pool_id IS NOT NULL AND t.batch_id <= %(watermark)s
  AND (t.retracted_batch_id IS NULL OR t.retracted_batch_id > %(watermark)s)
ORDER BY f.seq, t.transaction_hash COLLATE "C"
"""

"""The ledger pass (docs/exposure.md): origins in one chronological pass, ends in one reverse pass.

Pure arrays in and out. The cost is transfers x cells, however busy a wallet is. A row of cells is laid out as
`app.scoring.exposures.CellLayout` says: cell 0 what is beyond the hop limit, then blocks of one cell a hop:
the direction's residual, then each category.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.errors import Unequal
from app.ledger.kernels import Flows, Pools, Rows, Sums, trace_destinations, trace_sources

SUM_TOLERANCE = 1e-12
"""How far the shares of a row may be from 1."""
BUSY = 64
"""Rows with more additions than this carry their rounding errors along."""


@dataclass(frozen=True)
class PassResult:
    """Shares by cell, each row summing to 1: of pools and, weighted by USD value, of wallets."""

    pool: NDArray[np.int64]
    shares: NDArray[np.float64]
    wallet: NDArray[np.int64]
    combined: NDArray[np.float64]


def source_pass(flows: Flows, pools: Pools, *, categories: int, hop_limit: int) -> PassResult:
    """Where all that each pool ever received came from.

    Raises:
        Unequal: an annotation does not fit its pool, or a row does not sum to 1.
    """
    rows = _empty_rows(flows, pools, flows.receiver_pool, 1 + (1 + categories) * hop_limit)
    return _result(rows, trace_sources(flows, pools, rows, hop_limit))


def destination_pass(flows: Flows, pools: Pools, *, categories: int, hop_limit: int) -> PassResult:
    """Where all that each pool ever sent went.

    Raises:
        Unequal: an annotation does not fit its pool, or a row does not sum to 1.
    """
    rows = _empty_rows(flows, pools, flows.sender_pool, 1 + (1 + categories) * hop_limit)
    return _result(rows, trace_destinations(flows, pools, rows, hop_limit))


def _empty_rows(flows: Flows, pools: Pools, own_pool: NDArray[np.int32], width: int) -> Rows:
    size = len(pools.wallet)
    received = np.bincount(flows.receiver_pool, minlength=size)
    sends = np.bincount(flows.sender_pool, minlength=size) > 0
    return Rows(
        own=_sums(np.bincount(own_pool, minlength=size), width),
        combined=_sums(np.bincount(pools.wallet[own_pool[flows.usd > 0]], minlength=size), width),
        through=_sums(np.where(sends & (pools.category < 0), received, 0), width),
    )


def _result(rows: Rows, failed: int) -> PassResult:
    if failed >= 0:
        raise Unequal(
            f"The annotation of the transfer at place {failed} of the ledger does not fit its pool. "
            "Run `aml reconcile`."
        )
    return PassResult(
        np.flatnonzero(rows.own.row >= 0),
        _shares(rows.own),
        np.flatnonzero(rows.combined.row >= 0),
        _shares(rows.combined),
    )


def _sums(additions: NDArray[np.int64], width: int) -> Sums:
    """Empty rows for every number with additions."""
    rows = np.flatnonzero(additions)
    busy = np.flatnonzero(additions[rows] > BUSY)
    row = np.full(len(additions), -1, np.int32)
    row[rows] = np.arange(len(rows))
    low_row = np.full(len(rows), -1, np.int32)
    low_row[busy] = np.arange(len(busy))
    return Sums(
        row, low_row, np.zeros((len(rows), width)), np.zeros((len(busy), width)), np.zeros((len(rows), 2))
    )


def _shares(sums: Sums) -> NDArray[np.float64]:
    """Each row divided by its total, in place."""
    shares = sums.cells
    busy = np.flatnonzero(sums.low_row >= 0)
    shares[busy] += sums.low
    shares /= sums.total.sum(axis=1)[:, None]
    furthest = np.abs(shares.sum(axis=1) - 1).max(initial=0)
    if not furthest <= SUM_TOLERANCE:
        raise Unequal(
            f"The parts of an exposure differ from the whole by {furthest:.1e}. Run `aml reconcile`."
        )
    return shares

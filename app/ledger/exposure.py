"""Exact exposures of all pools at once (docs/exposure.md): sources in ledger order, destinations in reverse.

Pure arrays in and out. The cost is transfers x filled cells, however busy a wallet is; memory is pools x
filled cells.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.errors import Unequal
from app.ledger.cells import DESTINATION, SOURCE, CellLayout
from app.ledger.kernels import FILLED, Flows, Pools, Rows, read_shares, trace_destinations, trace_sources
from app.ledger.sparse import SparseRows
from app.ledger.workspace import add_space, empty_rows, empty_shares, sparse

SUM_TOLERANCE = 1e-12
"""How far the shares of a row may be from 1."""
_STEPS_AT_ONCE = 1 << 16

FractionDone = Callable[[float], None]
"""Called with the fraction of the transfers that a pass has traced."""


@dataclass(frozen=True)
class PassResult:
    """Shares by cell, each row summing to 1: of pools by amount, and of wallets by value in USD."""

    pool: NDArray[np.int64]
    shares: SparseRows
    wallet: NDArray[np.int64]
    combined: SparseRows


def source_pass(
    flows: Flows, pools: Pools, layout: CellLayout, progress: FractionDone | None = None
) -> PassResult:
    """Where all that each pool ever received came from.

    Raises:
        Unequal: an annotation does not fit its pool, or a row does not sum to 1.
    """
    rows = empty_rows(len(pools.wallet), layout.onward(SOURCE))
    _trace(trace_sources, flows, pools, rows, progress)
    return result_of(rows, pools)


def destination_pass(
    flows: Flows, pools: Pools, layout: CellLayout, progress: FractionDone | None = None
) -> PassResult:
    """Where all that each pool ever sent went.

    Raises:
        Unequal: an annotation does not fit its pool, or a row does not sum to 1.
    """
    rows = empty_rows(len(pools.wallet), layout.onward(DESTINATION))
    _trace(trace_destinations, flows, pools, rows, progress)
    return result_of(rows, pools)


def _trace(
    kernel: Callable[[Flows, Pools, Rows, int, int], int],
    flows: Flows,
    pools: Pools,
    rows: Rows,
    progress: FractionDone | None,
) -> None:
    done, steps = 0, len(flows.amount)
    while done < steps:
        end = min(done + _STEPS_AT_ONCE, steps)
        done = kernel(flows, pools, rows, done, end)
        if done < 0:
            raise Unequal(
                f"The annotation of the transfer at place {-1 - done} of the ledger does not fit its pool. "
                "Run `aml reconcile`."
            )
        if done < end:
            add_space(rows)
        if progress is not None:
            progress(done / steps)


def result_of(rows: Rows, pools: Pools) -> PassResult:
    """The shares that a pass has left in its rows.

    Raises:
        Unequal: a row does not sum to 1.
    """
    if (np.diff(pools.wallet) < 0).any():
        raise ValueError("Pools are numbered by wallet: the pools of one owner are side by side.")
    cells = int(rows.span[:, FILLED].sum())
    by_pool = empty_shares(len(pools.wallet), cells)
    by_wallet = empty_shares(int(pools.wallet.max(initial=-1)) + 1, cells)
    difference = read_shares(rows, pools, by_pool, by_wallet, np.zeros((rows.onward.shape[1] + 1, 2)))
    if not difference <= SUM_TOLERANCE:
        raise Unequal(
            f"The parts of an exposure differ from the whole by {difference:.1e}. Run `aml reconcile`."
        )
    return PassResult(*sparse(by_pool), *sparse(by_wallet))

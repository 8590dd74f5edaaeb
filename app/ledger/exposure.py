"""Exact exposures of all pools at once (docs/exposure.md): origins in chronological order, ends in reverse.

Pure arrays in and out. The cost is transfers x filled cells, however busy a wallet is; memory holds the rows
that are still being added to, and the filled cells of finished ones. A row of cells is laid out as
`app.ledger.cells.CellLayout` says: cell 0 what is beyond the hop limit, then blocks of one cell a hop:
the direction's residual, then each category.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.errors import Unequal
from app.ledger.kernels import Flows, Parts, Pools, Rows, trace_destinations, trace_sources
from app.ledger.sparse import SparseRows
from app.ledger.workspace import Collected, room

SUM_TOLERANCE = 1e-12
"""How far the shares of a row may be from 1."""

Part = Callable[[float], None]
"""Told which part of the transfers a pass has done."""


@dataclass(frozen=True)
class PassResult:
    """Shares by cell, each row summing to 1: of pools and, weighted by USD value, of wallets."""

    pool: NDArray[np.int64]
    shares: SparseRows
    wallet: NDArray[np.int64]
    combined: SparseRows


def source_pass(
    flows: Flows, pools: Pools, *, categories: int, hop_limit: int, progress: Part | None = None
) -> PassResult:
    """Where all that each pool ever received came from.

    Raises:
        Unequal: an annotation does not fit its pool, or a row does not sum to 1.
    """
    ends = flows.receiver_pool, flows.sender_pool
    way = _Way(trace_sources, *ends)
    return _pass(way, flows, pools, categories=categories, hop_limit=hop_limit, progress=progress)


def destination_pass(
    flows: Flows, pools: Pools, *, categories: int, hop_limit: int, progress: Part | None = None
) -> PassResult:
    """Where all that each pool ever sent went.

    Raises:
        Unequal: an annotation does not fit its pool, or a row does not sum to 1.
    """
    ends = flows.sender_pool[::-1], flows.receiver_pool[::-1]
    way = _Way(trace_destinations, *ends)
    return _pass(way, flows, pools, categories=categories, hop_limit=hop_limit, progress=progress)


class _Way(NamedTuple):
    """A direction: its kernel and, in the order in which it meets the transfers, the pools at their ends.

    `own` are those that the direction's rows belong to.
    """

    kernel: Callable[[Flows, Pools, Rows, int, int], int]
    own: NDArray[np.int32]
    other: NDArray[np.int32]


def _pass(
    way: _Way, flows: Flows, pools: Pools, *, categories: int, hop_limit: int, progress: Part | None
) -> PassResult:
    backwards = way.kernel is trace_destinations
    own, other = np.ascontiguousarray(way.own), np.ascontiguousarray(way.other)
    usd = flows.usd[::-1] if backwards else flows.usd
    wallet = np.where(usd > 0, pools.wallet[own], np.int32(-1))
    width = 1 + (1 + categories) * hop_limit
    wallets = int(pools.wallet.max(initial=-1)) + 1
    through = room(_unlabelled(own, pools), _unlabelled(other, pools), len(pools.wallet), width)
    found, combined = Collected(len(pools.wallet), width), Collected(wallets, width)
    rows = Rows(
        own=room(own, own, len(pools.wallet), width),
        combined=room(wallet, wallet, wallets, width),
        through=through,
        resting=np.empty(len(through.filled)),
        own_done=found.done,
        combined_done=combined.done,
        parts=_no_parts(width),
        taken=_no_parts(width),
        further=_further(width, hop_limit, destinations=backwards),
    )
    done = 0
    while done < len(flows.amount):
        done = way.kernel(flows, pools, rows, hop_limit, done)
        if done < 0:
            raise Unequal(
                f"The annotation of the transfer at place {-1 - done} of the ledger does not fit its pool. "
                "Run `aml reconcile`."
            )
        found.take()
        combined.take()
        if progress is not None:
            progress(done / len(flows.amount))
    furthest = max(found.furthest, combined.furthest)
    if not furthest <= SUM_TOLERANCE:
        raise Unequal(
            f"The parts of an exposure differ from the whole by {furthest:.1e}. Run `aml reconcile`."
        )
    del rows, through  # before the finished rows are put in order: both are large
    return PassResult(*found.in_order(), *combined.in_order())


def _unlabelled(pool: NDArray[np.int32], pools: Pools) -> NDArray[np.int32]:
    return np.where(pools.category[pool] < 0, pool, np.int32(-1))


def _no_parts(width: int) -> Parts:
    return Parts(np.empty(width, np.int16), np.empty(width), np.zeros(1, np.int64))


def _further(width: int, hop_limit: int, *, destinations: bool) -> NDArray[np.int16]:
    """The cell of what is in each cell, after one transfer more: past the limit, cell 0."""
    further = np.arange(1, width + 1).astype(np.int16)
    further[0::hop_limit] = 0
    if destinations:
        # What arrives with the last allowed transfer is beyond the limit, also if it rests there.
        further[hop_limit - 1] = 0
    return further

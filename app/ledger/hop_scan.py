"""A pass in another order: hop by hop, each wallet's steps by themselves, so that wallets can be far apart.

What a transfer is of is decided at one end, the giver's (sources: its sender; destinations: its receiver),
and added at the other, the taker's. A scan knows of each step that takes the cells up to some hop, all else
being in the cell beyond the limit, and finds of each step that gives the cells of one hop more. After as many
scans as there are hops but one, every cell is known, and what is still beyond is beyond the limit.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.errors import Unequal
from app.ledger.cells import SOURCE, CellLayout
from app.ledger.exposure import PassResult, result_of
from app.ledger.kernels import (
    BEYOND,
    FILLED,
    FIRST_SPACE,
    RESIDUAL,
    SIZE,
    Pools,
    Rows,
    Scan,
    Shares,
    copy_rows,
    scan_destinations,
    scan_sources,
)
from app.ledger.workspace import add_space, empty_rows

_CELLS_A_STEP = 8
_NO_POOLS = np.empty(0, np.int64)


class Steps(NamedTuple):
    """Steps of wallets (`owner`), one wallet behind the other, rising, each wallet's in pass order.

    Pools have the numbers of the whole pass; they rise with the wallets. The rest is as in `Scan`.
    """

    owner: NDArray[np.int64]
    pool: NDArray[np.int64]
    gives: NDArray[np.bool_]
    amount: NDArray[np.float64]
    send_share: NDArray[np.float64]
    kept: NDArray[np.float64]
    unobserved: NDArray[np.float64]
    usd: NDArray[np.float64]
    taken: Shares


def scans_of(layout: CellLayout) -> int:
    """How many scans come before the one whose rows are the answer."""
    return layout.hop_limit - 1


def first_parts(
    layout: CellLayout,
    direction: int,
    giver_cell: NDArray[np.int16],
    amount: NDArray[np.float64],
    unobserved: NDArray[np.float64],
) -> Shares:
    """What is known of transfers before any scan: the cell of a labelled giver, and what it never had.

    `giver_cell` is at hop 0, -1 of a wallet without a label.
    """
    onward = layout.onward(direction)[1]
    labelled = giver_cell >= 0
    unseen = np.where(labelled, 0.0, unobserved / amount) if direction == SOURCE else np.zeros(len(amount))
    rest = np.where(labelled, 0.0, (amount - unobserved) / amount if direction == SOURCE else 1.0)
    own = np.where(labelled, 1.0, 0.0)
    values = np.stack([rest, unseen, own], axis=1)
    cells = np.empty(values.shape, np.int16)
    cells[:, 0], cells[:, 1], cells[:, 2] = BEYOND, onward[RESIDUAL], onward[giver_cell]
    filled = values != 0.0
    return Shares(np.cumsum(filled.sum(axis=1)), cells[filled], values[filled])


class HopScan:
    """One scan over steps that come in batches. It holds the rows of a batch's pools, and of no others.

    Args:
        layout: the cells.
        direction: SOURCE or DESTINATION.
        keeps_results: whether `results` has the shares of the pools that takers' steps were added to.
    """

    def __init__(self, layout: CellLayout, direction: int, *, keeps_results: bool) -> None:
        self._kernel = scan_sources if direction == SOURCE else scan_destinations
        self._onward = layout.onward(direction)
        self._keeps_results = keeps_results
        self._owner = -1
        self._pools = _NO_POOLS  # of the wallet that the last batch ended with: it may go on
        self._rows = empty_rows(0, self._onward)
        self.results: list[PassResult] = []

    def scan(self, steps: Steps) -> Shares:
        """What each step that gives is of; nothing of the others.

        Raises:
            Unequal: an annotation does not fit its pool, or a row does not sum to 1.
        """
        pools, place = np.unique(np.concatenate([self._pools, steps.pool]), return_inverse=True)
        carried, mine = place[: len(self._pools)], place[len(self._pools) :]
        owners = np.empty(len(pools), np.int64)
        owners[carried], owners[mine] = self._owner, steps.owner
        rows = self._with_carried(len(pools), carried)
        given = self._run(steps, mine, rows)
        ended = int(np.searchsorted(owners, steps.owner[-1]))
        self._end(pools[:ended], owners[:ended], rows)
        self._owner, self._pools = int(steps.owner[-1]), pools[ended:]
        self._rows = rows._replace(span=rows.span[ended:], total=rows.total[ended:])
        return given

    def close(self) -> None:
        """Ends the last wallet."""
        self._end(self._pools, np.full(len(self._pools), self._owner), self._rows)
        self._pools = _NO_POOLS

    def _with_carried(self, count: int, carried: NDArray[np.int64]) -> Rows:
        rows = empty_rows(count, self._onward)
        sizes = self._rows.span[: len(carried), SIZE]
        needed = int((FIRST_SPACE << sizes[sizes >= 0].astype(np.int64)).sum())
        while len(rows.cell) < needed:
            add_space(rows)
        copy_rows(self._rows, np.arange(len(carried)), rows, carried)
        return rows

    def _run(self, steps: Steps, pool: NDArray[np.int64], rows: Rows) -> Shares:
        count, done = len(steps.owner), 0
        widest = len(rows.parts.cell)
        given = Shares(
            np.zeros(count, np.int64),
            np.empty(count * _CELLS_A_STEP + widest, np.int16),
            np.empty(count * _CELLS_A_STEP + widest),
        )
        scan = Scan(
            pool,
            steps.gives,
            steps.amount,
            steps.send_share,
            steps.kept,
            steps.unobserved,
            steps.usd,
            steps.taken,
            given,
        )
        while (done := self._kernel(scan, rows, done, count)) < count:
            if done < 0:
                raise Unequal(
                    f"The annotation of a transfer of pool {steps.pool[-1 - done]} of the pass does not fit "
                    "its pool. Run `aml reconcile`."
                )
            written = int(given.end[done - 1]) if done else 0
            if written + widest > len(given.cell):
                given.cell.resize(2 * len(given.cell), refcheck=False)
                given.share.resize(2 * len(given.share), refcheck=False)
            else:
                add_space(rows)
        return given

    def _end(self, pools: NDArray[np.int64], owners: NDArray[np.int64], rows: Rows) -> None:
        if not self._keeps_results or not len(pools):
            return
        wallets, wallet = np.unique(owners, return_inverse=True)
        ended = rows._replace(span=rows.span[: len(pools)], total=rows.total[: len(pools)])
        if ended.span[:, FILLED].any():
            result = result_of(ended, Pools(wallet.astype(np.int32), np.zeros(0, np.int16)))
            self.results.append(
                PassResult(pools[result.pool], result.shares, wallets[result.wallet], result.combined)
            )

"""A pass hop by hop without a cluster: every scan in one process, over batches of random sizes."""

from random import Random

import numpy as np
from numpy.typing import NDArray

from app.ledger.cells import CellLayout
from app.ledger.ends import Ends, ends_of
from app.ledger.exposure import PassResult
from app.ledger.hop_scan import HopScan, Steps, first_parts, scans_of
from app.ledger.kernels import Flows, Pools, Shares
from app.ledger.sparse import SparseRows, starts_of


def hop_by_hop(flows: Flows, pools: Pools, layout: CellLayout, direction: int, r: Random) -> PassResult:
    """As `source_pass` and `destination_pass`."""
    ends = ends_of(flows, pools, direction)
    parts = first_parts(layout, direction, ends.giver_cell, ends.amount, ends.unobserved)
    known = [_of(parts, row) for row in range(len(ends.amount))]
    for number in range(scans_of(layout) + 1):
        is_last = number == scans_of(layout)
        takes = np.ones(len(known), np.bool_) if is_last else ends.taker_cell < 0
        gives = np.zeros(len(known), np.bool_) if is_last else ends.giver_cell < 0
        rows = [(ends.taker[t], ends.place[t], False, t) for t in np.flatnonzero(takes)]
        rows += [(ends.giver[t], ends.place[t], True, t) for t in np.flatnonzero(gives)]
        rows.sort(key=lambda row: row[:3])
        scan = HopScan(layout, direction, keeps_results=is_last)
        found = list(known)
        while rows:
            size = r.randint(1, 6)
            batch, rows = rows[:size], rows[size:]
            given = scan.scan(_steps(ends, batch, known))
            for place, (_, _, is_giver, t) in enumerate(batch):
                if is_giver:
                    found[t] = _of(given, place)
        scan.close()
        known = found
    return _joined(scan.results)


Part = tuple[NDArray[np.int16], NDArray[np.float64]]


def _of(shares: Shares, row: int) -> Part:
    begin, end = (shares.end[row - 1] if row else 0), shares.end[row]
    return shares.cell[begin:end].copy(), shares.share[begin:end].copy()


def _steps(ends: Ends, batch: list[tuple[int, int, bool, int]], known: list[Part]) -> Steps:
    at = np.array([t for *_, t in batch])
    gives = np.array([is_giver for _, _, is_giver, _ in batch])
    parts = [known[t] if not is_giver else (known[t][0][:0], known[t][1][:0]) for _, _, is_giver, t in batch]
    return Steps(
        np.where(gives, ends.giver[at], ends.taker[at]),
        np.where(gives, ends.giver_pool[at], ends.taker_pool[at]),
        gives,
        ends.amount[at],
        ends.send_share[at],
        ends.kept[at],
        ends.unobserved[at],
        ends.usd[at],
        Shares(
            np.cumsum([len(cell) for cell, _ in parts]),
            np.concatenate([cell for cell, _ in parts]),
            np.concatenate([value for _, value in parts]),
        ),
    )


def _joined(results: list[PassResult]) -> PassResult:
    def rows(some: list[SparseRows]) -> SparseRows:
        counts = np.concatenate([np.diff(one.starts) for one in some])
        return SparseRows(
            starts_of(counts),
            np.concatenate([one.cell for one in some]),
            np.concatenate([one.share for one in some]),
        )

    return PassResult(
        np.concatenate([one.pool for one in results]),
        rows([one.shares for one in results]),
        np.concatenate([one.wallet for one in results]),
        rows([one.combined for one in results]),
    )

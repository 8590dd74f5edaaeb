"""The memory of a pass: a row for each pool, as wide as its filled cells."""

import numpy as np
from numpy.typing import NDArray

from app.ledger.kernels import FIRST_SPACE, SIZE, SUM_COLUMNS, Parts, Rows, Shares
from app.ledger.sparse import SparseRows, starts_of

EXPECTED_CELLS = 5
"""Cells a row takes on average; more memory is added where that is too few."""


def empty_rows(pools: int, onward: NDArray[np.int16]) -> Rows:
    """Rows without cells; `onward` is of the layout and the direction (`CellLayout.onward`)."""
    width = onward.shape[1]
    sizes = 1
    while FIRST_SPACE << (sizes - 1) < width:
        sizes += 1
    space = pools * EXPECTED_CELLS + (FIRST_SPACE << (sizes + 1))
    span = np.zeros((pools, 3), np.int32)
    span[:, SIZE] = -1
    return Rows(
        span=span,
        total=np.zeros((pools, 4)),
        cell=np.empty(space, np.int16),
        sums=np.empty((space, SUM_COLUMNS)),
        used=np.zeros(1, np.int64),
        free=np.full(sizes, -1, np.int64),
        onward=onward,
        parts=Parts(np.zeros(1, np.int64), np.empty(width + 2, np.int16), np.empty(width + 2)),
    )


def add_space(rows: Rows) -> None:
    """Gives rows a quarter more memory, where they are: no copy is made of them."""
    space = len(rows.cell) * 5 // 4
    rows.cell.resize(space, refcheck=False)
    rows.sums.resize((space, SUM_COLUMNS), refcheck=False)


def empty_shares(numbers: int, cells: int) -> Shares:
    """Space for the shares of so many numbers, with so many cells at most."""
    return Shares(np.zeros(numbers, np.int64), np.empty(cells, np.int16), np.empty(cells))


def sparse(shares: Shares) -> tuple[NDArray[np.int64], SparseRows]:
    """The numbers that have a row, rising, and their rows."""
    counts = np.diff(shares.end, prepend=0)
    numbers = np.flatnonzero(counts)
    starts = starts_of(counts[numbers])
    return numbers, SparseRows(starts, shares.cell[: starts[-1]].copy(), shares.share[: starts[-1]].copy())

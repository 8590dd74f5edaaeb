"""Room for the rows of a pass: no more than are in use at once, and what is finished goes out in chunks."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from app.ledger.kernels import LOW_ROW, TO_COME, Finished, Sums
from app.ledger.sparse import SparseRows, starts_of

BUSY = 64
"""Numbers with more additions than this carry their rounding errors along."""
_CHUNK_ROWS, _CHUNK_CELLS = 1 << 16, 1 << 20


class Collected:
    """The finished rows of a pass, taken out of `done` whenever the pass stops."""

    def __init__(self, numbers: int, width: int) -> None:
        self._numbers = numbers
        self._chunks: list[Finished] = []
        cells = _CHUNK_CELLS + width
        self.done = Finished(
            np.empty(_CHUNK_ROWS, np.int32),
            np.empty(_CHUNK_ROWS, np.int64),
            np.empty(cells, np.int16),
            np.empty(cells, np.float64),
            np.zeros(2, np.int64),
            np.zeros(1),
        )

    @property
    def furthest(self) -> float:
        """The largest difference of a row's sum from 1."""
        return float(self.done.furthest[0])

    def take(self) -> None:
        """Empties `done`."""
        rows, cells = self.done.size
        self._chunks.append(
            Finished(
                self.done.number[:rows].copy(),
                self.done.end[:rows].copy(),
                self.done.cell[:cells].copy(),
                self.done.share[:cells].copy(),
                self.done.size.copy(),
                self.done.furthest,
            )
        )
        self.done.size[:] = 0

    def in_order(self) -> tuple[NDArray[np.int64], SparseRows]:
        """The numbers that have a row, rising, and their rows. What was collected is given up."""
        counts = np.zeros(self._numbers, np.int64)
        for chunk in self._chunks:
            counts[chunk.number] = np.diff(chunk.end, prepend=0)
        numbers = np.flatnonzero(counts)
        starts = starts_of(counts[numbers])
        counts[numbers] = starts[:-1]
        rows = SparseRows(starts, np.empty(starts[-1], np.int16), np.empty(starts[-1], np.float64))
        while self._chunks:
            _put_in_order(self._chunks.pop(), counts, rows.cell, rows.share)
        return numbers, rows


def room(added: NDArray[np.int32], used: NDArray[np.int32], numbers: int, width: int) -> Sums:
    """Empty rows, as many as a pass needs that step by step adds to one number and uses one (-1: none)."""
    to_come = np.bincount(used[used >= 0], minlength=numbers).astype(np.int32)
    additions = np.bincount(added[added >= 0], minlength=numbers)
    rows = _most_at_once(added, used, to_come.copy())
    busy = np.flatnonzero((additions > BUSY) & (to_come > 0))
    number = np.full((numbers, 3), -1, np.int32)
    number[:, TO_COME] = to_come
    number[busy, LOW_ROW] = np.arange(len(busy))
    return Sums(
        number,
        np.arange(rows, dtype=np.int32),
        np.array([rows], np.int64),
        np.empty(rows, np.int16),
        np.empty((rows, width), np.int16),
        np.empty((rows, width)),
        np.empty((rows, 2)),
        np.zeros((len(busy), width)),
    )


@njit(cache=True)
def _most_at_once(added: NDArray[np.int32], used: NDArray[np.int32], to_come: NDArray[np.int32]) -> int:
    """How many numbers have a row at the same time; counts `to_come`, the uses of each, down."""
    has_row = np.zeros(len(to_come), np.bool_)
    now = most = 0
    for step in range(len(added)):
        number = added[step]
        if number >= 0 and to_come[number] > 0 and not has_row[number]:
            has_row[number] = True
            now += 1
            most = max(most, now)
        number = used[step]
        if number >= 0:
            to_come[number] -= 1
            if to_come[number] == 0 and has_row[number]:
                now -= 1
    return most


@njit(cache=True)
def _put_in_order(
    done: Finished, place: NDArray[np.int64], cell: NDArray[np.int16], share: NDArray[np.float64]
) -> None:
    """Copies finished rows to where each number's begins."""
    begin = 0
    for row in range(len(done.number)):
        to = place[done.number[row]]
        for offset in range(done.end[row] - begin):
            cell[to + offset] = done.cell[begin + offset]
            share[to + offset] = done.share[begin + offset]
        begin = done.end[row]
